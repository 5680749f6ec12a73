package llama

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/nikolalohinski/gonja/v2/builtins"
	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/loaders"
	"github.com/nikolalohinski/gonja/v2/parser"
)

// A Message is one turn of a conversation.
type Message struct {
	Role    string // "system", "user", "assistant" or "tool"
	Content string
}

// A Template is a model's own jinja chat template. It is rendered as Hugging Face's apply_chat_template does, block lines
// trimmed; include, import, extends and macro are refused, and the library below cannot parse
// an if-else expression in parentheses.
type Template struct {
	jinja    *exec.Template
	bos, eos string
	nonce    string         // cannot be guessed; new for each Template
	mark     *regexp.Regexp // finds a content's placeholder
	trims    bool           // the template strips the space around contents
}

// Limits on what a template may cost.
const (
	maxTemplate = 64 << 10
	maxRendered = 8 << 20
	maxRange    = 10000
)

// Template returns the chat template out of the model's file.
func (m *Model) Template() (*Template, error) {
	source := m.ChatTemplate()
	if source == "" {
		return nil, fmt.Errorf("%s: the file holds no chat template; choose an instruction-tuned model", m.path)
	}
	t, err := NewTemplate(source, string(m.Piece(m.BOS())), string(m.Piece(m.EOS())))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.path, err)
	}
	return t, nil
}

// NewTemplate parses a chat template; bos and eos are what it sees as bos_token and eos_token.
func NewTemplate(source, bos, eos string) (t *Template, err error) {
	defer recovered(&err, "parse chat template")
	if len(source) > maxTemplate {
		return nil, fmt.Errorf("parse chat template: %d bytes, want at most %d", len(source), maxTemplate)
	}
	const name = "/template"
	loader, err := loaders.NewMemoryLoader(map[string]string{name: source})
	if err != nil {
		return nil, fmt.Errorf("parse chat template: %w", err)
	}
	c := config.New()
	c.TrimBlocks, c.LeftStripBlocks = true, true
	jinja, err := exec.NewTemplate(name, c, loader, environment())
	if err != nil {
		return nil, fmt.Errorf("parse chat template: %s", strings.ReplaceAll(err.Error(), source, "…"))
	}
	t = &Template{jinja: jinja, bos: bos, eos: eos, nonce: rand.Text()}
	t.mark = regexp.MustCompile(t.nonce + `(\d+)E`)
	t.trims, err = t.probeTrim()
	return t, err
}

// environment is jinja's, less what reads files or recurses.
func environment() *exec.Environment {
	structures := map[string]parser.ControlStructureParser{}
	for _, name := range []string{"for", "if", "set", "with", "filter", "raw", "break", "continue"} {
		if p, ok := builtins.ControlStructures.Get(name); ok {
			structures[name] = p
		}
	}
	functions := exec.EmptyContext().Update(builtins.GlobalFunctions).Update(builtins.GlobalVariables)
	functions.Set("range", boundedRange)
	functions.Set("lipsum", nil)
	functions.Set("raise_exception", func(_ *exec.Evaluator, p *exec.VarArgs) (string, error) {
		return "", exec.ErrInvalidCall(errors.New(p.First().String()))
	})
	return &exec.Environment{
		Context: functions, Filters: builtins.Filters, Tests: builtins.Tests, Methods: builtins.Methods,
		ControlStructures: exec.NewControlStructureSet(structures),
	}
}

// boundedRange is python's range, refused where it is too long; the library's own would leave goroutines behind.
func boundedRange(_ *exec.Evaluator, p *exec.VarArgs) ([]int, error) {
	if len(p.Args) < 1 || len(p.Args) > 3 || slices.ContainsFunc(p.Args, func(v *exec.Value) bool { return !v.IsInteger() }) {
		return nil, exec.ErrInvalidCall(errors.New("range wants one to three integers"))
	}
	from, to, step := 0, p.Args[0].Integer(), 1
	if len(p.Args) > 1 {
		from, to = to, p.Args[1].Integer()
	}
	if len(p.Args) > 2 {
		step = p.Args[2].Integer()
	}
	var out []int
	for i := from; step > 0 && i < to || step < 0 && i > to; i += step {
		if len(out) == maxRange {
			return nil, exec.ErrInvalidCall(fmt.Errorf("range is longer than %d", maxRange))
		}
		out = append(out, i)
	}
	return out, nil
}

// Tokens turns a conversation into token ids, with the start of the model's reply at the end if addGenerationPrompt.
// Only the template's own words can become control tokens: contents never pass through it.
func (t *Template) Tokens(m *Model, msgs []Message, addGenerationPrompt bool) ([]int32, error) {
	rendered, err := t.render(msgs, addGenerationPrompt)
	if err != nil {
		return nil, err
	}
	ids, at := []int32{}, 0
	seen := make([]bool, len(msgs))
	for _, hit := range t.mark.FindAllStringSubmatchIndex(rendered, -1) {
		i, err := strconv.Atoi(rendered[hit[2]:hit[3]])
		if err != nil || i >= len(msgs) {
			return nil, errors.New("render chat template: it altered a message")
		}
		seen[i] = true
		if ids, err = t.join(m, ids, rendered[at:hit[0]], msgs[i].Content); err != nil {
			return nil, err
		}
		at = hit[1]
	}
	for i, msg := range msgs {
		if !seen[i] && msg.Content != "" {
			return nil, fmt.Errorf("render chat template: it leaves out message %d (%s)", i, msg.Role)
		}
	}
	if ids, err = t.join(m, ids, rendered[at:], ""); err != nil {
		return nil, err
	}
	return withBOS(m, ids), nil
}

// join adds the template's words, which may hold control tokens, and then a content, which may not.
func (t *Template) join(m *Model, ids []int32, words, content string) ([]int32, error) {
	own, err := m.Tokenize(words, true)
	if err != nil {
		return nil, err
	}
	if t.trims {
		content = strings.TrimSpace(content)
	}
	said, err := m.Tokenize(content, false)
	if err != nil {
		return nil, err
	}
	return append(append(ids, own...), said...), nil
}

func withBOS(m *Model, ids []int32) []int32 {
	if bos := m.BOS(); m.AddBOS() && bos >= 0 && (len(ids) == 0 || ids[0] != bos) {
		return append([]int32{bos}, ids...)
	}
	return ids
}

// render gives the template a placeholder for each content.
func (t *Template) render(msgs []Message, addGenerationPrompt bool) (string, error) {
	marked := make([]Message, len(msgs))
	for i, msg := range msgs {
		marked[i] = msg
		if msg.Content != "" {
			marked[i].Content = t.placeholder(i)
		}
	}
	return t.execute(marked, addGenerationPrompt)
}

func (t *Template) placeholder(i int) string { return t.nonce + strconv.Itoa(i) + "E" }

func (t *Template) execute(msgs []Message, addGenerationPrompt bool) (text string, err error) {
	defer recovered(&err, "render chat template")
	list := make([]map[string]any, len(msgs))
	for i, msg := range msgs {
		if !slices.Contains([]string{"system", "user", "assistant", "tool"}, msg.Role) {
			return "", fmt.Errorf("render chat template: message %d has the unknown role %q", i, msg.Role)
		}
		list[i] = map[string]any{"role": msg.Role, "content": msg.Content}
	}
	out := &bounded{}
	err = t.jinja.Execute(out, exec.NewContext(map[string]any{
		"messages": list, "add_generation_prompt": addGenerationPrompt, "bos_token": t.bos, "eos_token": t.eos,
	}))
	if err != nil {
		return "", fmt.Errorf("render chat template: %s", brief(err))
	}
	return out.String(), nil
}

// probeTrim finds out whether the template strips contents.
func (t *Template) probeTrim() (bool, error) {
	word := t.placeholder(0)
	text, err := t.execute([]Message{{"user", " " + word + " "}}, false)
	if err != nil {
		return false, err
	}
	if !strings.Contains(text, word) {
		return false, errors.New("parse chat template: it does not show what the user says")
	}
	return !strings.Contains(text, " "+word+" "), nil
}

// bounded is a writer that refuses more than maxRendered bytes.
type bounded struct{ strings.Builder }

var _ io.Writer = (*bounded)(nil)

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxRendered {
		return 0, fmt.Errorf("more than %d bytes", maxRendered)
	}
	return b.Builder.Write(p)
}

// WriteString is Write, for io.WriteString.
func (b *bounded) WriteString(s string) (int, error) { return b.Write([]byte(s)) }

// recovered turns a panic of the template library, which sees a file's text, into an error.
func recovered(err *error, doing string) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%s: %v", doing, p)
	}
}

// brief cuts the library's errors, which quote the whole template, to their end.
func brief(err error) string {
	text := err.Error()
	if len(text) > 300 {
		text = "…" + strings.ToValidUTF8(text[len(text)-300:], "")
	}
	return text
}
