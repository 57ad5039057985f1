package cli

import (
	"strings"
	"testing"

	"github.com/lessee-run/lessee/host/internal/postgres"
)

func TestSecret_FromNothingToCheckedAndDisabled(t *testing.T) {
	i := install(t)
	const value = "the value of the token"
	i.run("secret", "add", "crm", "--env", "CRM_TOKEN", "--host", "api.crm.example,*.crm.example", "--owner", "sales", "--reason", "contacts").want(t, ExitOK, "secret crm is bound", "secret check crm")
	i.run("secret", "add", "mail", "--file", write(t, "mail", []byte(value+"\n")), "--host", "mail.example", "--header", "X-Key", "--format", "{}", "--owner", "ops", "--reason", "mail").want(t, ExitOK)
	i.run("secret", "list").want(t, ExitOK, "crm", "env CRM_TOKEN", "api.crm.example,*.crm.example", "Authorization: Bearer {}", "yes")

	i.run("secret", "check").want(t, ExitFailure, "crm", "the variable CRM_TOKEN is not set for this process")
	said := lesseeIn(t, []string{"CRM_TOKEN=" + value}, strings.NewReader(""), "--dsn", i.operator, "secret", "check").want(t, ExitOK, "crm", "mail")
	if strings.Contains(said.out+said.err, value) {
		t.Errorf("a secret was printed:\n%s", said.out)
	}
	if found := decode[[]secretFinding](t, i.run("secret", "check", "mail", "--json")); len(found) != 1 || !found[0].OK {
		t.Errorf("%+v", found)
	}

	i.run("secret", "disable", "crm", "--reason", "ticket 42").want(t, ExitOK, "secret crm is disabled")
	records := decode[[]postgres.SecretRecord](t, i.run("secret", "list", "--json"))
	if len(records) != 2 || records[0].Enabled || records[0].Reason != "ticket 42" || records[0].UpdatedBy != "cli_operator" || !records[1].Enabled {
		t.Errorf("%+v", records)
	}
	i.run("secret", "enable", "crm").want(t, ExitOK)
}

func TestSecretList_NamesTheClassesWhoseGrantsNameASecret(t *testing.T) {
	i := install(t)
	i.run("secret", "add", "crm", "--systemd", "crm", "--host", "api.crm.example", "--owner", "o", "--reason", "r").want(t, ExitOK)
	i.class("contacts")
	i.class("other")
	i.exec(`update lessee.executor_class_registry set grants = '{"http": [{"scheme": "https", "host": "api.crm.example", "methods": ["GET"], "credentials": ["crm"]}]}' where class = 'contacts'`)
	records := decode[[]postgres.SecretRecord](t, i.run("secret", "list", "--json"))
	if len(records) != 1 || strings.Join(records[0].Classes, ",") != "contacts" {
		t.Errorf("%+v", records)
	}
}

func TestSecret_MistakesAreSaidInSentences(t *testing.T) {
	i := install(t)
	add := func(args ...string) said {
		return i.run(append([]string{"secret", "add", "crm", "--owner", "o", "--reason", "r"}, args...)...)
	}
	add("--host", "a.example").want(t, ExitUsage, "[env file systemd]")
	add("--host", "a.example", "--env", "A", "--file", "/a").want(t, ExitUsage, "[env file]")
	add("--env", "A").want(t, ExitUsage, "--host is missing")
	add("--env", "A", "--host", "*.com").want(t, ExitRefused, "too wide")
	add("--env", "sk-live-123", "--host", "a.example").want(t, ExitRefused, "the value itself never stands in a row")
	add("--file", "relative", "--host", "a.example").want(t, ExitRefused, "absolute path")
	add("--env", "A", "--host", "a.example", "--format", "Bearer").want(t, ExitRefused, "format must hold")
	add("--env", "A", "--host", "a.example").want(t, ExitOK)
	add("--env", "A", "--host", "a.example").want(t, ExitRefused, "is bound already")
	i.run("secret", "add", "CRM", "--env", "A", "--host", "a.example", "--owner", "o", "--reason", "r").want(t, ExitRefused, "lower-case letter")
	for _, word := range []string{"enable", "disable", "check"} {
		i.run("secret", word, "nope").want(t, ExitNotFound, "is not bound")
	}
}
