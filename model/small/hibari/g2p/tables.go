package g2p

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// tables are the word lists of normalize.json, with the orders in which they are tried.
type tables struct {
	Months        map[string]string   `json:"months"`        // "jan": "January"
	Titles        map[string]string   `json:"titles"`        // "Prof": "Professor", before a name
	Abbreviations map[string]string   `json:"abbreviations"` // "approx.": "approximately"
	Units         map[string][]string `json:"units"`         // "km": one, many
	Currency      map[string][]string `json:"currency"`      // "¥": one, many
	RomanCardinal []string            `json:"roman_cardinal"`
	RomanOrdinal  []string            `json:"roman_ordinal"`
	Symbols       json.RawMessage     `json:"symbols"` // "=": "equals"; the order matters

	symbols  [][2]string
	order    orders
	calendar [12]string
}

// orders hold the keys of the tables, the longest first, so that the first hit is the right one.
type orders struct {
	months, titles, abbreviations, units []string
}

var monthKeys = [12]string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}

func parseTables(data []byte) (*tables, error) {
	t := new(tables)
	if err := json.Unmarshal(data, t); err != nil {
		return nil, err
	}
	for i, key := range monthKeys {
		name, ok := t.Months[key]
		if !ok {
			return nil, fmt.Errorf("months: %q is missing", key)
		}
		t.calendar[i] = name
		t.order.months = append(t.order.months, name, capitalize(key))
	}
	for kind, words := range map[string]map[string][]string{"units": t.Units, "currency": t.Currency} {
		for key, forms := range words {
			if len(forms) != 2 {
				return nil, fmt.Errorf("%s: %q has %d forms, not 2", kind, key, len(forms))
			}
		}
	}
	t.order.months = longestFirst(append(t.order.months, "Sept"))
	t.order.titles = longestFirst(keys(t.Titles))
	t.order.abbreviations = longestFirst(keys(t.Abbreviations))
	t.order.units = longestFirst(keys(t.Units))
	t.RomanCardinal = longestFirst(t.RomanCardinal)
	t.RomanOrdinal = longestFirst(t.RomanOrdinal)
	var err error
	t.symbols, err = orderedPairs(t.Symbols)
	return t, err
}

// orderedPairs reads a JSON object of strings in the order it is written.
func orderedPairs(object []byte) ([][2]string, error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("symbols: %w", err)
	}
	var pairs [][2]string
	for d.More() {
		var pair [2]string
		for i := range pair {
			tok, err := d.Token()
			if err != nil {
				return nil, fmt.Errorf("symbols: %w", err)
			}
			s, ok := tok.(string)
			if !ok {
				return nil, fmt.Errorf("symbols: %v is not a string", tok)
			}
			pair[i] = s
		}
		pairs = append(pairs, pair)
	}
	return pairs, nil
}

// month returns the full name behind a name or an abbreviation.
func (t *tables) month(word string) string { return t.Months[lower(word[:3])] }

func keys[V any](m map[string]V) []string {
	k := make([]string, 0, len(m))
	for key := range m {
		k = append(k, key)
	}
	slices.Sort(k)
	return k
}

func longestFirst(words []string) []string {
	slices.SortStableFunc(words, func(a, b string) int { return len(b) - len(a) })
	return words
}
