package cosyvoice

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
)

// Frames made as units come in are those of the chunk-masked whole, whatever is remembered.
func TestPassageEqualsWhole(t *testing.T) {
	c := smallFlow()
	d := decoder(t, c, smallHiFT())
	for _, test := range []struct {
		prompt int
		hops   []int
		room   int64
	}{
		{0, []int{5, 5, 10, 20, 5}, 0},
		{7, []int{3, 5, 10, 20, 5}, 0},
		{7, []int{3, 5, 10, 20, 5}, -1},      // nothing is remembered
		{7, []int{3, 5, 10, 20, 5}, 3 << 18}, // some steps, fewer as the passage grows
		{10, []int{45}, 0},
	} {
		v, units := voice(t, c, test.prompt), someUnits(c, 49, 1)
		whole, err := d.Mel(context.Background(), v, units, true)
		if err != nil {
			t.Fatal(err)
		}
		p, err := d.Begin(v, test.room)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Push(units); err != nil {
			t.Fatal(err)
		}
		var got []float32
		for _, hop := range test.hops {
			mel, err := p.Next(context.Background(), hop)
			if err != nil {
				t.Fatal(err)
			}
			if len(mel) != hop*c.Ratio*c.Mel {
				t.Fatalf("%d values of %d units", len(mel), hop)
			}
			got = append(got, mel...)
		}
		rest, err := p.Rest(context.Background(), false)
		if err != nil {
			t.Fatal(err)
		}
		near(t, fmt.Sprintf("prompt %d, hops %v, room %d", test.prompt, test.hops, test.room), append(got, rest...), whole, 2e-5)
		remembering := len(p.steps) - len(slices.DeleteFunc(slices.Clone(p.steps), func(s *past) bool { return s != nil }))
		t.Logf("room %d: %d of %d steps remember", test.room, remembering, len(p.steps))
		p.Close()
		p.Close()
	}
}

// Hops that do not end with a chunk show their last frames too little, but leave what follows right.
func TestPassageBetweenChunks(t *testing.T) {
	c := smallFlow()
	d := decoder(t, c, smallHiFT())
	v, units := voice(t, c, 4), someUnits(c, 29, 1)
	for _, room := range []int64{0, -1} {
		p, err := d.Begin(v, room)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if err := p.Push(units); err != nil {
			t.Fatal(err)
		}
		done := 0
		for _, hop := range []int{4, 5, 9, 8} {
			mel, err := p.Next(context.Background(), hop)
			if err != nil {
				t.Fatal(err)
			}
			// the reference runs over all units so far and the look-ahead: so does a fresh passage
			fresh, err := d.Begin(v, -1)
			if err != nil {
				t.Fatal(err)
			}
			if err := fresh.Push(units[:done+hop+c.Lookahead]); err != nil {
				t.Fatal(err)
			}
			all, err := fresh.Next(context.Background(), done+hop)
			if err != nil {
				t.Fatal(err)
			}
			near(t, fmt.Sprintf("hop at %d", done), mel, all[done*c.Ratio*c.Mel:], 2e-5)
			done += hop
			fresh.Close()
		}
	}
}

// The frames of a chunk depend on the units up to its end and the look-ahead behind, and on no later one.
func TestChunkSeesNoFurther(t *testing.T) {
	c := smallFlow()
	d := decoder(t, c, smallHiFT())
	v, units := voice(t, c, 5), someUnits(c, 40, 1)
	before, err := d.Mel(context.Background(), v, units, true)
	if err != nil {
		t.Fatal(err)
	}
	for chunk := range 5 {
		end := (chunk + 1) * c.Encoder.Chunk
		for _, at := range []int{end + c.Lookahead - 1, end + c.Lookahead} {
			changed := slices.Clone(units)
			changed[at] = (changed[at] + 1) % int32(c.Vocabulary)
			after, err := d.Mel(context.Background(), v, changed, true)
			if err != nil {
				t.Fatal(err)
			}
			n := end * c.Ratio * c.Mel
			same := slices.Equal(before[:n], after[:n])
			if want := at == end+c.Lookahead; same != want {
				t.Errorf("chunk %d, unit %d changed: frames the same %v, want %v", chunk, at, same, want)
			}
		}
	}
}

func TestBadUnits(t *testing.T) {
	c := smallFlow()
	d := decoder(t, c, smallHiFT())
	v := voice(t, c, 5)
	for name, units := range map[string][]int32{
		"none": {}, "negative": {1, -1}, "too large": {0, int32(c.Vocabulary)}, "more than the noise lasts": make([]int32, 7500),
	} {
		if _, err := d.Mel(context.Background(), v, units, false); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	p, err := d.Begin(v, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Push(someUnits(c, 8, 0)); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{-1, 0, 6, 1 << 40} {
		if _, err := p.Next(context.Background(), n); err == nil {
			t.Errorf("frames of %d units out of 8 with 3 to look ahead at", n)
		}
	}
	if _, err := p.Next(context.Background(), 5); err != nil {
		t.Errorf("after refused calls: %v", err)
	}
}

func TestBadVoice(t *testing.T) {
	c := smallFlow()
	speaker, nan := make([]float32, c.Speaker), float32(0)
	nan /= nan
	for name, make := range map[string]func() (*Voice, error){
		"short speaker vector": func() (*Voice, error) { return c.NewVoice(speaker[1:], nil, nil) },
		"no number":            func() (*Voice, error) { return c.NewVoice(append([]float32{nan}, speaker[1:]...), nil, nil) },
		"no such unit":         func() (*Voice, error) { return c.NewVoice(speaker, []int32{50}, nil) },
		"cut frame":            func() (*Voice, error) { return c.NewVoice(speaker, nil, speaker) },
	} {
		if _, err := make(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	v, err := c.NewVoice(speaker, []int32{1, 2, 3}, make([]float32, 5*c.Mel))
	if err != nil || v.Units() != 2 || len(v.mel) != 4*c.Mel {
		t.Errorf("three units and five frames: %v, %v", v, err)
	}
}

func TestCancelled(t *testing.T) {
	c := smallFlow()
	d := decoder(t, c, smallHiFT())
	p, err := d.Begin(voice(t, c, 5), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Push(someUnits(c, 20, 0)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := p.Next(ctx, 10); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := p.Next(context.Background(), 10); err == nil {
		t.Error("goes on after a run that failed half way")
	}
}
