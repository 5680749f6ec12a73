package streaming

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"omnilive/model"
)

// A Session is one conversation over one call. See the package comment for its goroutines.
type Session struct {
	cfg   Config
	ports Ports
	conv  model.Conversation
	vad   model.SpeechDetector
	play  *player

	hops   chan hop      // listen → converse
	cmds   chan Command  // Do → converse
	heard  chan heard    // recognition → converse
	judge  chan verdict  // turn detection → converse
	seen   chan string   // look → converse
	glance chan struct{} // converse → look: look now; capacity 1
	senses senses

	references references // the voices that the call brought
}

// senses are what listen, look and overhear share.
type senses struct {
	clock *clock // listen → look
	ear   *ear   // listen → overhear; nil where the conversation does not listen to all that is to be heard
}

// NewSession takes a conversation and a speech detector for one call; Run gives them back.
func NewSession(cfg Config, p Ports) (*Session, error) {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	cfg.Settings = cfg.Settings.withDefaults(cfg.Model.Abilities())
	cfg.Settings.ID, cfg.Settings.Can = newID("sess"), can(cfg.Model)
	vad, err := cfg.NewSpeech()
	if err != nil {
		return nil, fmt.Errorf("speech detector: %w", err)
	}
	conv, err := cfg.Model.NewConversation(context.Background(), model.Options{
		Instructions: cfg.Settings.Instructions, Voice: cfg.Settings.Voice, Tools: cfg.Settings.Tools,
	})
	if err != nil {
		vad.Close()
		return nil, fmt.Errorf("conversation: %w", err)
	}
	s := &Session{
		cfg: cfg, ports: p, conv: conv, vad: vad, play: newPlayer(p.Out, cfg.Underrun), senses: senses{clock: newClock()},
		hops: make(chan hop), cmds: make(chan Command), heard: make(chan heard), judge: make(chan verdict),
		seen: make(chan string), glance: make(chan struct{}, 1),
	}
	if to, ok := conv.(model.Listener); ok && s.looks() {
		s.senses.ear = newEar(to)
	}
	return s, nil
}

// looks says whether there is an eye in this call.
func (s *Session) looks() bool { return s.ports.Camera != nil && s.cfg.Model.Abilities().Sees }

// Run talks until ctx ends or the microphone does, then frees what the Session holds. It is called once.
func (s *Session) Run(ctx context.Context) error {
	defer s.conv.Close()
	defer s.vad.Close()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.listen(ctx) })
	g.Go(func() error { return s.play.run(ctx) })
	g.Go(func() error { return newTalk(s).converse(ctx) })
	if s.looks() {
		g.Go(func() error { return s.look(ctx) })
	}
	if s.senses.ear != nil {
		g.Go(func() error { return s.overhear(ctx) })
	}
	err := g.Wait()
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// Do hands c to the Session and returns when it has been taken, not when it is done; its outcome comes as events. A voice
// that c brings a recording of is made first, on the caller's goroutine.
func (s *Session) Do(ctx context.Context, c Command) error {
	if u, ok := c.(UpdateSession); ok && u.Update.Reference != nil {
		u.Update = s.clone(ctx, u.Update)
		c = u
	}
	return send(ctx, s.cmds, c)
}

func (s *Session) emit(e Event) {
	if s.cfg.Observe != nil {
		s.cfg.Observe(e)
	}
	s.ports.Emit(e)
}

func send[T any](ctx context.Context, ch chan<- T, v T) error {
	select {
	case ch <- v:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// newID returns an id as the wire spells them: sess_…, item_…, resp_….
func newID(kind string) string {
	var b [12]byte
	rand.Read(b[:]) // never fails
	return kind + "_" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
}

// before is the moment that lies samples of input before now.
func before(samples int64) time.Time {
	return time.Now().Add(-time.Duration(samples) * time.Second / model.InputRate)
}
