package prompt

import (
	"fmt"

	"omnilive/model/tokenizer"
)

// Block is the form in which a picture's codes are written.
type Block uint8

const (
	// Rows ends each row with <|vision_eol|> and the last with <|vision_eof|> too: the form that the model writes itself.
	Rows Block = iota
	// Bare is the codes alone behind their ratio, as one of the reference's processors has it.
	Bare
)

// A Piece is part of a prompt: ids, or a place for rows of features.
type Piece struct {
	Tokens []int32

	Slot Slot // with Rows > 0: what the rows are of
	Item int  // which item of its kind in the conversation, from 0
	Rows int
}

// Expand turns segments into pieces, in order. Text between two control tokens is one text to the tokenizer, so that the
// ids are those of the reference, which tokenises the whole prompt at once.
func (v *Vocabulary) Expand(segments []Segment, block Block) ([]Piece, error) {
	e := expansion{v: v, block: block}
	for _, s := range segments {
		if s.Slot == None {
			e.text = append(e.text, tokenizer.Part{Text: s.Text, Special: s.Special})
			continue
		}
		if err := e.flush(); err != nil {
			return nil, err
		}
		if err := e.place(s); err != nil {
			return nil, err
		}
	}
	if err := e.flush(); err != nil {
		return nil, err
	}
	return e.pieces, nil
}

// Flatten writes pieces as ids alone, a PAD for every row.
func (v *Vocabulary) Flatten(pieces []Piece) (ids []int32) {
	for _, p := range pieces {
		ids = append(ids, p.Tokens...)
		for range p.Rows {
			ids = append(ids, v.Pad(p.Slot))
		}
	}
	return ids
}

type expansion struct {
	v      *Vocabulary
	block  Block
	text   []tokenizer.Part
	pieces []Piece
}

// flush turns the gathered text into ids.
func (e *expansion) flush() error {
	ids, err := e.v.Tokenizer.EncodeParts(e.text...)
	e.text = e.text[:0]
	e.add(ids)
	return err
}

func (e *expansion) add(ids []int32) {
	if len(ids) == 0 {
		return
	}
	if n := len(e.pieces); n > 0 && e.pieces[n-1].Rows == 0 {
		e.pieces[n-1].Tokens = append(e.pieces[n-1].Tokens, ids...)
		return
	}
	e.pieces = append(e.pieces, Piece{Tokens: ids})
}

func (e *expansion) place(s Segment) error {
	rows := s.Media.Rows
	switch s.Slot {
	case ImageCodes:
		ids, err := e.v.Picture(s.Media, e.block)
		e.add(ids)
		return err
	case AudioCodes:
		ids, err := e.v.Speech(s.Media.Codes)
		e.add(ids)
		return err
	case SoundRows:
		rows = s.Media.Sound
	}
	if rows < 0 || rows > maxRows {
		return fmt.Errorf("an item of media has %d rows of features", rows)
	}
	if rows > 0 {
		e.pieces = append(e.pieces, Piece{Slot: s.Slot, Item: s.Item, Rows: rows})
	}
	return nil
}

// maxRows bounds the rows of one item; no window holds more.
const maxRows = 1 << 20

// Picture writes the codes of a picture as ids: its ratio, then row by row.
func (v *Vocabulary) Picture(m Media, block Block) ([]int32, error) {
	side := 0
	for side*side < len(m.Codes) && side <= maxSide {
		side++
	}
	if side == 0 || side*side != len(m.Codes) {
		return nil, fmt.Errorf("a picture has %d codes, want a square, as %d", len(m.Codes), v.Side*v.Side)
	}
	ids := make([]int32, 0, 2+len(m.Codes)+side)
	ids = append(ids, v.Ratio(m.Width, m.Height).ID)
	for i, c := range m.Codes {
		if c < 0 || c >= v.Codes.Count {
			return nil, fmt.Errorf("a picture has the code %d, the vocabulary has %d", c, v.Codes.Count)
		}
		ids = append(ids, v.Codes.First+c)
		if block == Rows && (i+1)%side == 0 {
			ids = append(ids, v.Marks.RowEnd)
		}
	}
	if block == Rows {
		ids = append(ids, v.Marks.PictureEnd)
	}
	return ids, nil
}

// Speech writes units as ids.
func (v *Vocabulary) Speech(units []int32) ([]int32, error) {
	ids := make([]int32, len(units))
	for i, u := range units {
		if u < 0 || u >= v.Units.Count+v.Mute.Count {
			return nil, fmt.Errorf("unit of speech %d, the vocabulary has %d", u, v.Units.Count+v.Mute.Count)
		}
		ids[i] = v.Units.First + u
	}
	return ids, nil
}

// Prompt renders and expands a conversation.
func (v *Vocabulary) Prompt(c *Conversation, block Block) ([]Piece, error) {
	segments, err := c.Render()
	if err != nil {
		return nil, fmt.Errorf("prompt: %w", err)
	}
	pieces, err := v.Expand(segments, block)
	if err != nil {
		return nil, fmt.Errorf("prompt: %w", err)
	}
	return pieces, nil
}
