package small

import (
	"slices"

	"omnilive/model/llama"
)

// Roles of messages, as chat templates spell them.
const (
	roleUser      = "user"
	roleAssistant = "assistant"
)

// Instructions is the default system prompt.
const Instructions = "You are a friendly assistant on a live phone call. Answer in one or two short spoken sentences."

// cameraNote explains the marks that words puts before a question.
const cameraNote = " Words in [camera: ...] tell what the caller's camera shows."

// examples are shown to a language model that is too small to follow instructions alone.
var examples = [][2]string{
	{"What is the largest animal?", "The blue whale is the largest animal on Earth."},
	{"[camera: a yellow banana] What is this?", "That looks like a yellow banana."},
}

// A dialect is how the language model's chat template spells a conversation, in tokens.
type dialect struct {
	*llama.Dialect
	examples []int32
}

func newDialect(m *llama.Model, withExamples bool) (*dialect, error) {
	t, err := m.Template()
	if err != nil {
		return nil, err
	}
	inner, err := t.Dialect(m)
	if err != nil {
		return nil, err
	}
	d := &dialect{Dialect: inner}
	if !withExamples {
		return d, nil
	}
	for _, e := range examples {
		for i, role := range []string{roleUser, roleAssistant} {
			tokens, err := d.Message(role, e[i])
			if err != nil {
				return nil, err
			}
			d.examples = append(d.examples, tokens...)
		}
	}
	return d, nil
}

// head is how every conversation with these instructions begins.
func (d *dialect) head(instructions string, sees bool) ([]int32, error) {
	if instructions == "" {
		instructions = Instructions
	}
	if sees {
		instructions += cameraNote
	}
	tokens, err := d.Head(instructions)
	if err != nil {
		return nil, err
	}
	return slices.Concat(tokens, d.examples), nil
}

// message is a whole turn; a template without turns of that role has it said by the user.
func (d *dialect) message(role, text string) ([]int32, error) {
	if !d.HasRole(role) {
		role = roleUser
	}
	return d.Message(role, text)
}

// ahead is a user's turn of which only the beginning is known.
func (d *dialect) ahead(text string) ([]int32, error) {
	content, err := d.Content(text)
	return slices.Concat(d.Open(roleUser), content), err
}
