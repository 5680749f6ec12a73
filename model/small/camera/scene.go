package camera

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Label is the name of a thing, with its article ("an apple", "a dog (beagle)").
type Label struct {
	Name  string
	Kind  string  // what kind of thing it is ("a dog"); Name where it is its own kind
	Score float64 // probability
}

// A Scene is what a picture shows.
type Scene struct {
	Objects []Label  // the thing in the middle, or none
	Text    []string // lines of text, from the top
	Colour  string   // of most of the middle: "red", "dark" shades included; empty where it is mixed
	Share   float64  // of the middle that has that colour
	Dark    bool     // the camera is covered or the room is dark: nothing was looked for
}

// coloured are the things said with their colour: those that come in many.
var coloured = []string{
	"an apple", "a cup", "a mug", "a bottle", "a water bottle", "a car", "a truck", "a bus", "a bicycle", "a motorcycle", "a hat", "a bag",
	"a backpack", "a purse", "a shoe", "a book", "a pen", "a ball", "a balloon", "a chair", "a couch", "an umbrella", "a sock", "a jersey",
	"a sweatshirt", "a tie", "a necktie", "a bell pepper", "a teapot", "a vase", "a bucket", "a pillow", "a toothbrush", "a lighter",
	"an envelope", "a binder", "a mitten", "a helmet", "a flower", "a lampshade", "a guitar", "a fruit", "a vegetable",
}

// maxText bounds the text in a line of words, in characters.
const maxText = 120

// String is the scene in one short line, such as `a red apple` or `a book; the text "CAFE NOIR"`; empty where nothing is
// sure.
func (s Scene) String() string {
	if s.Dark {
		return "nothing, the picture is dark"
	}
	var parts []string
	switch {
	case len(s.Objects) > 0:
		parts = append(parts, s.Objects[0].with(s.Colour))
	case s.plain() && len(s.Text) == 0:
		parts = append(parts, "something "+s.Colour)
	}
	if text := s.quote(); text != "" {
		parts = append(parts, fmt.Sprintf("the text %q", text))
	}
	return strings.Join(parts, "; ")
}

// plain reports a middle of hardly more than one real colour, as when something is held close to the camera.
func (s Scene) plain() bool {
	return s.Share >= 0.8 && s.Colour != "" && !slices.Contains(colourNames[:brown+1], s.Colour)
}

// with says the label with a colour, where things of its kind come in many.
func (l Label) with(colour string) string {
	if colour == "" || !slices.Contains(coloured, l.Name) && !slices.Contains(coloured, l.Kind) || strings.Contains(l.Name, colour) {
		return l.Name
	}
	_, noun, ok := strings.Cut(l.Name, " ")
	if !ok || strings.HasPrefix(l.Name, "a pair ") || strings.HasPrefix(l.Name, "a glass ") {
		return l.Name
	}
	if colour == "orange" {
		return "an orange " + noun
	}
	return "a " + colour + " " + noun
}

// quote joins the lines of text and cuts what is too long at a word.
func (s Scene) quote() string {
	text := strings.NewReplacer(`"`, "'", "\n", " ").Replace(strings.Join(s.Text, " "))
	if utf8.RuneCountInString(text) <= maxText {
		return text
	}
	cut := string([]rune(text)[:maxText])
	if i := strings.LastIndexByte(cut, ' '); i > maxText/2 {
		cut = cut[:i]
	}
	return cut + "…"
}
