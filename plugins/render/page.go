package main

import (
	_ "embed"
	"fmt"
	"html"
	"regexp"
	"strings"

	"github.com/cbroglie/mustache"
)

//go:embed page.html
var layout string

var (
	heading = regexp.MustCompile(`(?is)<h[1-6][^>]*>(.*?)</h[1-6]>`)
	tag     = regexp.MustCompile(`<[^>]*>`)
)

// page makes a document of a body.
func page(title, lang, body string) (string, error) {
	if title == "" {
		title = firstHeading(body)
	}
	if lang == "" {
		lang = "en"
	}
	out, err := mustache.Render(layout, map[string]string{"title": title, "lang": lang, "body": body})
	if err != nil {
		return "", fmt.Errorf("lay the page out: %w", err)
	}
	return out, nil
}

// firstHeading is the text of the body's first heading.
func firstHeading(body string) string {
	if found := heading.FindStringSubmatch(body); found != nil {
		if text := strings.TrimSpace(html.UnescapeString(tag.ReplaceAllString(found[1], ""))); text != "" {
			return text
		}
	}
	return "Untitled"
}
