package web_test

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"

	"omnilive/web"
)

// The server forbids inline code, and nothing may come from elsewhere: a page that breaks either would be blank or leak.
func TestPageKeepsToItsPolicy(t *testing.T) {
	forbidden := map[string]*regexp.Regexp{
		"an inline script":         regexp.MustCompile(`<script(?:[^>]*)>[^<\s]`),
		"an inline style":          regexp.MustCompile(`<style|\sstyle=`),
		"an inline handler":        regexp.MustCompile(`\son[a-z]+="`),
		"something from elsewhere": regexp.MustCompile(`(?:src|href)="(?:https?:)?//|url\(["']?https?:|from '(?:https?:)?//`),
		"code made from text":      regexp.MustCompile(`\beval\(|new Function\(|\.innerHTML\b`),
	}
	eachFile(t, func(name, text string) {
		for what, pattern := range forbidden {
			if at := pattern.FindString(text); at != "" {
				t.Errorf("%s holds %s: %q", name, what, at)
			}
		}
	})
}

func TestEveryNamedFileIsThere(t *testing.T) {
	named := regexp.MustCompile(`(?:(?:src|href)="|from '\./)([^"'#:]+)["']`)
	count := 0
	eachFile(t, func(name, text string) {
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			count++
			if _, err := fs.Stat(web.Files(), m[1]); err != nil {
				t.Errorf("%s names %s: %v", name, m[1], err)
			}
		}
	})
	if count < 10 {
		t.Errorf("found only %d names; the pattern no longer fits the page", count)
	}
}

func eachFile(t *testing.T, check func(name, text string)) {
	t.Helper()
	err := fs.WalkDir(web.Files(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if !strings.Contains(".html.js.css.svg", path.Ext(name)) {
			t.Errorf("%s does not belong to the page", name)
		}
		data, err := fs.ReadFile(web.Files(), name)
		check(name, string(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
