package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"omnilive/signaling/caller"
)

// pictures keeps what the model draws in a call where --save-images says.
type pictures struct {
	dir  string // empty: nowhere
	w    *words
	kept int
}

// rest waits for the pictures that have been begun, from the next on, and reports the first that failed.
func (p *pictures) rest(ctx context.Context, c *caller.Call) error {
	for p.kept < c.Drawings() {
		if err := p.next(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// follow keeps pictures as they come, until the call or ctx ends.
func (p *pictures) follow(ctx context.Context, c *caller.Call) error {
	for {
		err := p.next(ctx, c)
		if ctx.Err() != nil || errors.Is(err, caller.ErrEnded) {
			return nil
		}
		if err != nil {
			p.w.line("%v", err)
		}
	}
}

// next waits for one picture more and keeps it.
func (p *pictures) next(ctx context.Context, c *caller.Call) error {
	pic, err := c.Picture(ctx, p.kept)
	if err != nil {
		return err
	}
	p.kept++
	if pic.Err != nil {
		return pic.Err
	}
	if p.dir == "" {
		p.w.line("a picture of %dx%d came; --save-images DIR keeps it", pic.Width, pic.Height)
		return nil
	}
	path, err := save(p.dir, pic)
	if err != nil {
		return err
	}
	p.w.line("saved %s (%dx%d)", path, pic.Width, pic.Height)
	return nil
}

// save writes the picture under the first free name of the folder, which it makes.
func save(dir string, pic caller.Picture) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("save picture: %w", err)
	}
	ext := ".jpg"
	if pic.Type == "image/png" {
		ext = ".png"
	}
	for n := 1; ; n++ {
		path := filepath.Join(dir, fmt.Sprintf("picture-%d%s", n, ext))
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("save picture: %w", err)
		}
		_, err = f.Write(pic.Data)
		if e := f.Close(); err == nil {
			err = e
		}
		if err != nil {
			return "", fmt.Errorf("save picture %s: %w", path, err)
		}
		return path, nil
	}
}
