package media

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// A container is a kind of media file that is decoded, known by bytes near its beginning.
type container struct {
	name  string
	at    int
	magic string
}

// containers are the only files that reach a decoder: formats that name other files to play, as playlists do, are none.
func containers() []container {
	return []container{
		{"MP4", 4, "ftyp"},
		{"QuickTime", 4, "moov"},
		{"QuickTime", 4, "mdat"},
		{"QuickTime", 4, "wide"},
		{"QuickTime", 4, "free"},
		{"Matroska", 0, "\x1a\x45\xdf\xa3"},
		{"Ogg", 0, "OggS"},
		{"FLAC", 0, "fLaC"},
		{"WAV", 8, "WAVE"},
		{"AVI", 8, "AVI "},
		{"Flash video", 0, "FLV"},
		{"MPEG", 0, "\x00\x00\x01\xba"},
		{"MPEG", 0, "\x00\x00\x01\xb3"},
		{"ASF", 0, "\x30\x26\xb2\x75"},
		{"AIFF", 0, "FORM"},
		{"AU", 0, ".snd"},
		{"AMR", 0, "#!AMR"},
		{"MP3", 0, "ID3"},
	}
}

// tsPacket is the length of a packet of an MPEG transport stream; each begins with a G.
const tsPacket = 188

// checkFile opens path and tells what kind of media file it is.
func checkFile(path string) (kind string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !st.Mode().IsRegular() {
		return "", fmt.Errorf("%s is no file", path)
	}
	var head [tsPacket + 1]byte
	n, err := io.ReadFull(f, head[:])
	if n == 0 {
		return "", fmt.Errorf("%s is empty", path)
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", err
	}
	b := head[:n]
	for _, c := range containers() {
		if len(b) >= c.at && bytes.HasPrefix(b[c.at:], []byte(c.magic)) {
			return c.name, nil
		}
	}
	switch {
	case n > 1 && b[0] == 0xff && b[1]&0xe0 == 0xe0:
		return "MPEG audio", nil
	case n > tsPacket && b[0] == 'G' && b[tsPacket] == 'G':
		return "MPEG-TS", nil
	}
	return "", fmt.Errorf("%s is no media file that is known: want WAV, MP3, FLAC, Ogg, MP4, Matroska, WebM, QuickTime, AVI or MPEG", path)
}

// pushed tells which kinds are read from front to back. The others' demuxers want to seek, that of Ogg for pictures.
func pushed(kind string, video bool) bool {
	return kind == "Ogg" && !video || slices.Contains([]string{"MP4", "QuickTime", "Matroska", "FLAC", "MP3", "MPEG audio"}, kind)
}
