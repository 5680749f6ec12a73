package signaling

import (
	"fmt"

	"omnilive/media"
	"omnilive/streaming"
)

// itemFields are what conversation.item.create says of its item.
type itemFields struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Role    string `json:"role"`
	Content []struct {
		Type     string `json:"type"`
		Text     string `json:"text"`
		ImageURL string `json:"image_url"`
	} `json:"content"`
}

func (d *decoder) itemCreate(id string, raw []byte) (request, *Error) {
	var m struct {
		PreviousItemID *string     `json:"previous_item_id"`
		Item           *itemFields `json:"item"`
	}
	if e := unmarshal(raw, &m); e != nil {
		return nil, e
	}
	if m.Item == nil {
		return nil, invalid(codeInvalidValue, "item", "conversation.item.create has no item")
	}
	if e := m.Item.check(len(raw)); e != nil {
		return nil, e
	}
	c := streaming.CreateItem{
		EventID: id, Previous: m.PreviousItemID,
		Item: streaming.Item{ID: m.Item.ID, Role: m.Item.Role, Status: streaming.StatusCompleted},
	}
	for i, p := range m.Item.Content {
		// The picture itself is not kept: an item is told to the client more than once.
		c.Item.Content = append(c.Item.Content, streaming.Part{Type: p.Type, Text: p.Text})
		if p.Type != streaming.PartInputImage {
			continue
		}
		pic, err := d.image(p.ImageURL)
		if err != nil {
			return nil, invalid(codeInvalidValue, fmt.Sprintf("item.content[%d].image_url", i), "%s", clip(err.Error(), 300))
		}
		c.Images = append(c.Images, pic)
	}
	return c, nil
}

// image decodes a picture out of a data URI.
func (d *decoder) image(uri string) (media.Picture, error) {
	_, data, err := d.codecs.ParseDataURI(uri)
	if err != nil {
		return media.Picture{}, err
	}
	return d.codecs.DecodeImage(data, MaxPixels)
}

// contents says which contents each role may have (realtime.item, type message).
var contents = map[string]map[string]bool{
	streaming.RoleSystem:    {streaming.PartInputText: true},
	streaming.RoleUser:      {streaming.PartInputText: true, streaming.PartInputImage: true},
	streaming.RoleAssistant: {streaming.PartOutputText: true},
}

func (it *itemFields) check(size int) *Error {
	allowed := contents[it.Role]
	switch {
	case it.Type != "message":
		return invalid(codeUnsupported, "item.type", "items of type %q are not supported, only message", clip(it.Type, 40))
	case allowed == nil:
		return invalid(codeInvalidValue, "item.role", "role is user, system or assistant, not %q", clip(it.Role, 40))
	case len(it.ID) > maxID:
		return invalid(codeInvalidValue, "item.id", "an item id has at most %d bytes", maxID)
	case len(it.Content) == 0 || len(it.Content) > maxParts:
		return invalid(codeInvalidValue, "item.content", "an item has 1 to %d contents, not %d", maxParts, len(it.Content))
	}
	text, images := 0, 0
	for i, p := range it.Content {
		if !allowed[p.Type] {
			return invalid(codeInvalidValue, fmt.Sprintf("item.content[%d].type", i), "content %q is not supported in a %s message", clip(p.Type, 40), it.Role)
		}
		if p.Type == streaming.PartInputImage {
			images++
		}
		text += len(p.Text)
	}
	switch {
	case text > MaxText:
		return tooLong("item.content", text)
	case images > MaxImages:
		return invalid(codeInvalidValue, "item.content", "an item has at most %d pictures, not %d", MaxImages, images)
	case images == 0 && size > MaxControl:
		return invalid(codeTooLarge, "", "a message without pictures has %d bytes; the limit is %d", size, MaxControl)
	}
	return nil
}
