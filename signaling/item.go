package signaling

import (
	"encoding/json"
	"fmt"

	"omnilive/media"
	"omnilive/streaming"
)

// itemFields are what conversation.item.create says of its item.
type itemFields struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Role    string `json:"role"` // of a message, as Content is
	Content []struct {
		Type     string `json:"type"`
		Text     string `json:"text"`
		ImageURL string `json:"image_url"`
	} `json:"content"`

	CallID    string `json:"call_id"` // of a function_call and of a function_call_output
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
	Output    string `json:"output"`
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
	if it := m.Item; it.Type != streaming.ItemMessage {
		c.Item.Type, c.Item.Role = it.Type, ""
		c.Item.CallID, c.Item.Name, c.Item.Arguments, c.Item.Output = it.CallID, it.Name, it.Arguments, it.Output
		return c, nil
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
	if len(it.ID) > maxID {
		return invalid(codeInvalidValue, "item.id", "an item id has at most %d bytes", maxID)
	}
	switch it.Type {
	case streaming.ItemMessage:
		return it.checkMessage(size)
	case streaming.ItemCall, streaming.ItemOutput:
		return it.checkCall(size)
	}
	return invalid(codeUnsupported, "item.type", "items of type %q are not supported, only message, function_call and function_call_output", clip(it.Type, 40))
}

// checkCall looks at a function_call or a function_call_output.
func (it *itemFields) checkCall(size int) *Error {
	call := it.Type == streaming.ItemCall
	_, object := object(json.RawMessage(it.Arguments))
	switch {
	case size > MaxControl:
		return invalid(codeTooLarge, "", "a message without pictures has %d bytes; the limit is %d", size, MaxControl)
	case len(it.CallID) > maxID || it.CallID == "" && !call:
		return invalid(codeInvalidValue, "item.call_id", "call_id has 1 to %d bytes", maxID)
	case call && !toolName.MatchString(it.Name):
		return invalid(codeInvalidValue, "item.name", "a tool's name has 1 to 64 letters, digits, _ and -; %q has not", clip(it.Name, 70))
	case call && (!object || it.Arguments == "" || it.Arguments == "null"):
		return invalid(codeInvalidValue, "item.arguments", "arguments is the text of a JSON object")
	case len(it.Arguments) > MaxText:
		return tooLong("item.arguments", len(it.Arguments))
	case len(it.Output) > MaxText:
		return tooLong("item.output", len(it.Output))
	}
	return nil
}

func (it *itemFields) checkMessage(size int) *Error {
	allowed := contents[it.Role]
	switch {
	case allowed == nil:
		return invalid(codeInvalidValue, "item.role", "role is user, system or assistant, not %q", clip(it.Role, 40))
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
