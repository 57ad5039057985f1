package main

import "strings"

// nextLink is the target of the Link header with rel=next; empty: there is none.
// Source: RFC 8288, section 3
func nextLink(headers []string) string {
	for _, rest := range headers {
		for {
			_, after, found := strings.Cut(rest, "<")
			if !found {
				break
			}
			target, parameters, found := strings.Cut(after, ">")
			if !found {
				break
			}
			var isNext bool
			if isNext, rest = linkParameters(parameters); isNext {
				return strings.TrimSpace(target)
			}
		}
	}
	return ""
}

// linkParameters reads the parameters of one link, and says whether they name
// next as its relation; rest is what follows their comma.
func linkParameters(text string) (isNext bool, rest string) {
	text, rest = cutUnquoted(text, ',')
	for text != "" {
		var parameter string
		parameter, text = cutUnquoted(text, ';')
		name, value, _ := strings.Cut(parameter, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "rel") {
			continue
		}
		for relation := range strings.FieldsSeq(strings.Trim(strings.TrimSpace(value), `"`)) {
			isNext = isNext || strings.EqualFold(relation, "next")
		}
	}
	return isNext, rest
}

// cutUnquoted is strings.Cut at the first separator that is not in quotes.
func cutUnquoted(text string, separator byte) (before, after string) {
	for i, quoted := 0, false; i < len(text); i++ {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case text[i] == '\\' && quoted:
			i++
		case text[i] == separator && !quoted:
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}
