package prompt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits on JSON that goes into a prompt.
const (
	maxJSON  = 1 << 20
	maxDepth = 64
)

// ToJSON writes a JSON value the way the reference's templates do, which is Python's json.dumps(ensure_ascii=False) of
// what json.loads read: ", " and ": ", keys in their order, of a key that comes twice the first place and the last value.
func ToJSON(value []byte) (string, error) {
	w := jsonWriter{}
	n, err := parseJSON(value)
	if err != nil {
		return "", err
	}
	w.value(n)
	return w.String(), nil
}

// node is a JSON value that keeps the order of keys: a string, a json.Number, a bool, nil, []node or *object.
type node any

type object struct {
	keys   []string
	values map[string]node
}

func parseJSON(text []byte) (node, error) {
	if len(text) > maxJSON {
		return nil, fmt.Errorf("JSON of %d bytes, want at most %d", len(text), maxJSON)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	n, err := parseNode(d, 0)
	if err != nil {
		return nil, fmt.Errorf("JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("JSON: more than one value")
	}
	return n, nil
}

func parseNode(d *json.Decoder, depth int) (node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested more than %d deep", maxDepth)
	}
	t, err := d.Token()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('['):
		list := []node{}
		for d.More() {
			n, err := parseNode(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, n)
		}
		_, err := d.Token()
		return list, err
	case json.Delim('{'):
		return parseObject(d, depth)
	}
	return t, nil
}

func parseObject(d *json.Decoder, depth int) (node, error) {
	o := &object{values: map[string]node{}}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		key, ok := t.(string)
		if !ok {
			return nil, errors.New("a key is no string")
		}
		n, err := parseNode(d, depth+1)
		if err != nil {
			return nil, err
		}
		if _, twice := o.values[key]; !twice {
			o.keys = append(o.keys, key)
		}
		o.values[key] = n
	}
	_, err := d.Token()
	return o, err
}

type jsonWriter struct{ strings.Builder }

func (w *jsonWriter) value(n node) {
	switch n := n.(type) {
	case string:
		w.quote(n)
	case json.Number:
		w.WriteString(pythonNumber(n.String()))
	case bool:
		w.WriteString(strconv.FormatBool(n))
	case []node:
		w.WriteByte('[')
		for i, v := range n {
			w.comma(i)
			w.value(v)
		}
		w.WriteByte(']')
	case *object:
		w.WriteByte('{')
		for i, key := range n.keys {
			w.comma(i)
			w.quote(key)
			w.WriteString(": ")
			w.value(n.values[key])
		}
		w.WriteByte('}')
	default:
		w.WriteString("null")
	}
}

func (w *jsonWriter) comma(i int) {
	if i > 0 {
		w.WriteString(", ")
	}
}

// quote escapes what JSON must have escaped and nothing else.
func (w *jsonWriter) quote(s string) {
	const short = "\"\"\\\\\nn\rr\tt\bb\ff"
	w.WriteByte('"')
	for _, r := range s {
		switch at := strings.IndexByte(short, byte(r)); {
		case r < utf8.RuneSelf && at >= 0 && at%2 == 0:
			w.WriteByte('\\')
			w.WriteByte(short[at+1])
		case r < ' ':
			fmt.Fprintf(w, `\u%04x`, r)
		default:
			w.WriteRune(r)
		}
	}
	w.WriteByte('"')
}

// pythonNumber is what Python makes of a JSON number: integers stay, everything with a point or an exponent is a float.
func pythonNumber(s string) string {
	if strings.ContainsAny(s, ".eE") {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return s
		}
		return pythonFloat(f)
	}
	if s == "-0" {
		return "0"
	}
	if len(s) > 20 {
		if n, ok := new(big.Int).SetString(s, 10); ok {
			return n.String()
		}
	}
	return s
}
