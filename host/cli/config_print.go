package cli

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/knadh/koanf/providers/structs"
	"github.com/knadh/koanf/v2"
	yamlv3 "go.yaml.in/yaml/v3"

	"github.com/lessee-run/lessee/registry"
)

// print writes the effective configuration as YAML that can be read back, each
// value with its origin. A password does not belong on a screen.
func (c hostConfig) print(a *app) error {
	c.DSN = redact(c.DSN)
	values := koanf.New(".")
	if err := values.Load(structs.Provider(c.Config, "koanf"), nil); err != nil {
		return err
	}
	document, inner := &yamlv3.Node{Kind: yamlv3.MappingNode}, map[string]*yamlv3.Node{}
	for _, key := range c.keys() {
		into, value, origin := document, values.Get(key), c.origin[key]
		if outer, name, ok := strings.Cut(key, "."); ok {
			if inner[outer] == nil {
				inner[outer] = &yamlv3.Node{Kind: yamlv3.MappingNode}
				document.Content = append(document.Content, scalar(outer), inner[outer])
			}
			into, key = inner[outer], name
			if value = any(c.Interpreters[name]); outer == limitsMax {
				value = c.LimitsMax[name]
			}
		}
		node := scalar(value)
		node.LineComment = origin
		into.Content = append(into.Content, scalar(key), node)
	}
	encoded, err := yamlv3.Marshal(document)
	if err != nil {
		return err
	}
	_, err = a.out.Write(encoded)
	return err
}

// scalar quotes a text where YAML would read it as something else.
func scalar(value any) *yamlv3.Node {
	node := &yamlv3.Node{Kind: yamlv3.ScalarNode, Value: fmt.Sprint(value)}
	switch v := value.(type) {
	case string:
		node.SetString(v)
	case registry.Bounds, map[string]string: // none: those that are there have keys of their own
		node = &yamlv3.Node{Kind: yamlv3.MappingNode, Style: yamlv3.FlowStyle}
	case []string:
		node = &yamlv3.Node{Kind: yamlv3.SequenceNode, Style: yamlv3.FlowStyle}
		for _, text := range v {
			node.Content = append(node.Content, scalar(text))
		}
	}
	return node
}

var keywordPassword = regexp.MustCompile(`(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]+)`)

// redact takes the passwords out of a DSN of either form.
func redact(dsn string) string {
	if u, err := url.Parse(dsn); err == nil && u.User != nil {
		if _, has := u.User.Password(); has {
			u.User = url.UserPassword(u.User.Username(), "xxxxx")
			dsn = u.String()
		}
	}
	return keywordPassword.ReplaceAllString(dsn, "${1}xxxxx")
}
