package llama

import (
	"errors"
	"fmt"
	"strings"
)

// A Dialect is a chat template taken apart, so that a conversation grows by appending:
//
//	Head(system), then for each turn Open(role) content Close(role), or Generation reply Close("assistant").
//
// Put together these are the very tokens Template.Tokens gives for the whole conversation.
type Dialect struct {
	model *Model
	trims bool

	before, after []int32            // around the system prompt
	preface       []int32            // what stands in their place without a system prompt
	open, close   map[string][]int32 // around the content of each role
	generation    []int32
}

// dialectText is a Dialect before tokenization.
type dialectText struct {
	before, after, preface, generation         string
	openUser, closeUser, openReply, closeReply string
	openSystem, closeSystem                    string // "" where a later system turn is not possible
}

var errNotIncremental = errors.New("the chat template cannot be used turn by turn: what it writes for a turn depends on other turns")

// Dialect takes the template apart by rendering small conversations. It returns an error where a turn's words depend on
// the turns around it, as where the system prompt is written into the first user turn.
func (t *Template) Dialect(m *Model) (*Dialect, error) {
	text, err := t.takeApart()
	if err != nil {
		return nil, err
	}
	d := &Dialect{model: m, trims: t.trims, open: map[string][]int32{}, close: map[string][]int32{}}
	for _, p := range []struct {
		to   *[]int32
		text string
	}{{&d.before, text.before}, {&d.after, text.after}, {&d.preface, text.preface}, {&d.generation, text.generation}} {
		if *p.to, err = m.Tokenize(p.text, true); err != nil {
			return nil, err
		}
	}
	for role, p := range map[string][2]string{
		"user": {text.openUser, text.closeUser}, "assistant": {text.openReply, text.closeReply}, "system": {text.openSystem, text.closeSystem},
	} {
		if p[0] == "" && role == "system" {
			continue
		}
		if d.open[role], err = m.Tokenize(p[0], true); err != nil {
			return nil, err
		}
		if d.close[role], err = m.Tokenize(p[1], true); err != nil {
			return nil, err
		}
	}
	d.before, d.preface = withBOS(m, d.before), withBOS(m, d.preface)
	return d, nil
}

// Head is how a conversation with this system prompt begins; "" means the template's own, which may be none.
func (d *Dialect) Head(system string) ([]int32, error) {
	if system == "" {
		return append([]int32(nil), d.preface...), nil
	}
	content, err := d.Content(system)
	if err != nil {
		return nil, err
	}
	return join(d.before, content, d.after), nil
}

// Open is what comes before the content of a turn, Close what comes after it.
// Roles are "user", "assistant" and, where the template allows it between turns, "system"; others give nil.
func (d *Dialect) Open(role string) []int32 { return append([]int32(nil), d.open[role]...) }

// Close is what comes after the content of a turn; see Open.
func (d *Dialect) Close(role string) []int32 { return append([]int32(nil), d.close[role]...) }

// Generation is what makes the model begin its reply. It is Open("assistant") as a rule.
func (d *Dialect) Generation() []int32 { return append([]int32(nil), d.generation...) }

// HasRole reports whether Open and Close know a role.
func (d *Dialect) HasRole(role string) bool { return d.close[role] != nil }

// Content turns what someone said into tokens, none of which is a control token.
func (d *Dialect) Content(text string) ([]int32, error) {
	if d.trims {
		text = strings.TrimSpace(text)
	}
	return d.model.Tokenize(text, false)
}

// Message is a whole turn: Open, the content, Close.
func (d *Dialect) Message(role, content string) ([]int32, error) {
	if !d.HasRole(role) {
		return nil, fmt.Errorf("the chat template has no %q turns here", role)
	}
	ids, err := d.Content(content)
	if err != nil {
		return nil, err
	}
	return join(d.open[role], ids, d.close[role]), nil
}

func join(parts ...[]int32) []int32 {
	var all []int32
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// takeApart compares conversations that differ by one turn.
func (t *Template) takeApart() (dialectText, error) {
	var d dialectText
	talk := []Message{{"system", "s"}, {"user", "u"}, {"assistant", "a"}, {"user", "v"}}
	asked, err := t.between(talk[:2], false)
	if err != nil {
		return d, err
	}
	prompted, err := t.between(talk[:2], true)
	if err != nil {
		return d, err
	}
	answered, err := t.between(talk[:3], false)
	if err != nil {
		return d, err
	}
	again, err := t.between(talk, false)
	if err != nil {
		return d, err
	}
	bare, err := t.between(talk[1:2], false)
	if err != nil {
		return d, err
	}
	if len(asked) != 3 || len(prompted) != 3 || len(answered) != 4 || len(again) != 5 || len(bare) != 2 {
		return d, errNotIncremental
	}
	fits := true
	cut := func(text, part string, f func(string, string) (string, bool)) string {
		rest, ok := f(text, part)
		fits = fits && ok
		return rest
	}
	d.before, d.closeUser, d.closeReply = asked[0], asked[2], answered[3]
	d.generation = cut(prompted[2], d.closeUser, strings.CutPrefix)
	d.openReply = cut(answered[2], d.closeUser, strings.CutPrefix)
	d.openUser = cut(again[3], d.closeReply, strings.CutPrefix)
	d.after = cut(asked[1], d.openUser, strings.CutSuffix)
	d.preface = cut(bare[0], d.openUser, strings.CutSuffix)
	if !fits || d.openReply != d.generation {
		return d, errNotIncremental
	}
	t.systemTurns(&d)
	return d, t.proof(d)
}

// between renders a conversation and returns what stands around the contents, one piece more than there are messages.
func (t *Template) between(msgs []Message, addGenerationPrompt bool) ([]string, error) {
	text, err := t.render(msgs, addGenerationPrompt)
	if err != nil {
		return nil, err
	}
	return t.mark.Split(text, -1), nil
}

// systemTurns finds out what a system message in the middle of a conversation looks like, if it is allowed.
func (t *Template) systemTurns(d *dialectText) {
	parts, err := t.between([]Message{{"system", "s"}, {"user", "u"}, {"system", "t"}, {"user", "v"}}, false)
	if err != nil || len(parts) != 5 {
		return
	}
	open, ok := strings.CutPrefix(parts[2], d.closeUser)
	closing, ok2 := strings.CutSuffix(parts[3], d.openUser)
	if ok && ok2 {
		d.openSystem, d.closeSystem = open, closing
	}
}

// proof renders a longer conversation both ways.
func (t *Template) proof(d dialectText) error {
	msgs := []Message{{"system", "s"}, {"user", "u"}, {"assistant", "a"}, {"user", "v"}, {"assistant", "b"}, {"user", "w"}}
	whole, err := t.render(msgs, true)
	if err != nil {
		return err
	}
	var b strings.Builder
	for i, msg := range msgs {
		open, closing := d.openUser, d.closeUser
		switch msg.Role {
		case "system":
			open, closing = d.before, d.after
		case "assistant":
			open, closing = d.openReply, d.closeReply
		}
		b.WriteString(open + t.placeholder(i) + closing)
	}
	if b.WriteString(d.generation); b.String() != whole {
		return errNotIncremental
	}
	return nil
}
