package signaling

// DefaultCodecs are those of package media.
func DefaultCodecs() *Codecs {
	return &Codecs{}
}
