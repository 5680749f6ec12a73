package live

import (
	"context"
	"strings"
	"testing"

	"omnilive/model"
)

// Outputs of tools that follow one another share a message, as in the model's template; one that is taken back leaves the
// message as it was, and an older message that is kept as words only still shares.
func TestOutputsShareAMessage(t *testing.T) {
	l := openWith(t, 1, 8192, Options{Words: 8, Units: 20})
	ctx := context.Background()
	c := begin(t, l)
	defer c.Close()
	answerOf(t, c, &model.Input{Text: "What now?"}, model.ReplyOptions{}, 0)
	add := func(tool string) {
		t.Helper()
		if err := c.Add(ctx, model.Input{Role: "tool", Tool: tool, Text: "{}"}); err != nil {
			t.Fatal(err)
		}
	}
	const open, one, two, three = "<|im_start|>tool", "\n<tool_response>one\n{}\n</tool_response>", "\n<tool_response>two\n{}\n</tool_response>",
		"\n<tool_response>three\n{}\n</tool_response>"
	const end = "<|im_end|>\n"
	holds := func(want string) {
		t.Helper()
		if got := c.holds() + text(c, c.tail); !strings.HasSuffix(got, end+want) {
			t.Errorf("the window ends otherwise than in %q:\n%s", want, got)
		}
		if c.w.Len() != c.log.last().end() || c.Len() != c.w.Len()+len(c.tail) {
			t.Errorf("the window holds %d positions, the log %d, the conversation %d", c.w.Len(), c.log.last().end(), c.Len())
		}
	}
	add("one")
	holds(open + one + end)
	between := c.Len()
	add("two")
	holds(open + one + two + end)
	if err := c.Truncate(between); err != nil {
		t.Fatal(err)
	}
	holds(open + one + end)
	if err := c.settle(ctx); err != nil { // as a caption of speech under way does
		t.Fatal(err)
	}
	add("three")
	holds(open + one + three + end)
	answerOf(t, c, &model.Input{Text: "And?"}, model.ReplyOptions{}, 0)
	if got := c.holds(); !strings.Contains(got, end+open+one+three+end+"<|im_start|>user\nAnd?"+end) {
		t.Errorf("the window holds\n%s", got)
	}
	words, err := c.brief(c.log.all[len(c.log.all)-4 : len(c.log.all)-2])
	if err != nil {
		t.Fatal(err)
	}
	if got := text(c, words.feeds[0].ids); got != open+one+three+end {
		t.Errorf("as words: %q", got)
	}
}

func text(c *Conversation, ids []int32) (all string) {
	for _, id := range ids {
		all += string(c.l.m.Vocabulary.Tokenizer.Bytes(id))
	}
	return all
}
