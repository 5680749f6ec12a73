package signaling

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"omnilive/streaming"
)

// Label is the name of the data channel that carries the events; the client opens it before its offer.
const Label = "oai-events"

const (
	queueLength = 64        // messages waiting for the client
	maxBuffered = 256 << 10 // bytes Pion may hold for it; more waits in the queue
	lowBuffered = 64 << 10
	flushTime   = time.Second // for the last messages of a call
)

// An outbox holds the messages that wait for the client. Bounded: a client that does not read loses its call, not a message.
type outbox struct {
	meter   Meter
	queue   chan []byte
	owed    atomic.Int64 // messages put in and not yet handed to Pion
	gallery gallery

	mu sync.Mutex // keeps the order of what many goroutines put in
	t  *translator
}

func newOutbox(call string, m Meter, voices []string) *outbox {
	return &outbox{meter: m, queue: make(chan []byte, queueLength), gallery: newGallery(), t: newTranslator(call, voices)}
}

// put queues what ev is on the wire and reports whether there was room.
func (o *outbox) put(ev streaming.Event) bool {
	if pictured(ev) {
		return o.hang(ev)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.send(o.t.translate(ev))
}

// send queues messages; o.mu is held.
func (o *outbox) send(ms []message) bool {
	for _, m := range ms {
		if e, ok := m.(*errorMessage); ok && e.Error.Code != nil {
			o.meter.Failed(*e.Error.Code)
		}
		o.owed.Add(1)
		select {
		case o.queue <- marshal(o.t.number(m)):
		default:
			o.owed.Add(-1)
			return false
		}
	}
	return true
}

// fail queues an error message.
func (o *outbox) fail(e *Error) bool { return o.put(streaming.Failed{Err: e}) }

// retrieved queues conversation.item.retrieved, or an error if the item is not remembered.
func (o *outbox) retrieved(r retrieve) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	it, ok := o.t.items.get(r.itemID)
	if !ok {
		e := invalid(codeInvalidItem, "item_id", "there is no item %q among the last %d", clip(r.itemID, maxID), keptItems)
		e.EventID = r.eventID
		return o.send(one(newErrorMessage(e)))
	}
	return o.send(one(&itemRetrieved{head{Type: "conversation.item.retrieved"}, newItem(it)}))
}

// cleared queues input_audio_buffer.cleared.
func (o *outbox) cleared() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.send(one(&bare{head{Type: "input_audio_buffer.cleared"}}))
}

// queued queues omnilive.queue: where the call stands, 0 for inside.
func (o *outbox) queued(position int, wait time.Duration) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.send(one(&queueMessage{head{Type: "omnilive.queue"}, position, wait.Milliseconds()}))
}

// settings are those last told to the client.
func (o *outbox) settings() streaming.Settings {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.t.settings
}

// onDataChannel hands the events channel over once it is open. Others are closed: they mean nothing here.
func (p *peer) onDataChannel(c *webrtc.DataChannel) {
	if c.Label() != Label {
		c.OnOpen(func() { _ = c.Close() })
		return
	}
	c.OnMessage(func(m webrtc.DataChannelMessage) {
		select {
		case p.hand.inbox <- m.Data: // waiting here holds the client back
		case <-p.hand.done:
		}
	})
	c.OnClose(func() { p.end(ErrHangup) })
	c.OnOpen(func() {
		select {
		case p.hand.channel <- c:
		case <-p.hand.done:
		}
	})
}

// tell sends the queued messages in order, as fast as the client takes them.
func (p *peer) tell(ctx context.Context) error {
	if p.mute {
		return p.forget(ctx)
	}
	var channel *webrtc.DataChannel
	select {
	case channel = <-p.hand.channel:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	p.open.Store(channel)
	low := make(chan struct{}, 1)
	channel.SetBufferedAmountLowThreshold(lowBuffered)
	channel.OnBufferedAmountLow(func() { wake(low) })
	for {
		pictures := p.events.gallery.out
		if channel.BufferedAmount() > lowBuffered {
			pictures = nil // words would have to wait behind them
		}
		select {
		case b := <-p.events.queue:
			p.send(channel, b)
			p.events.owed.Add(-1)
		case b := <-pictures:
			p.sendQueued(channel) // among it the response that the picture belongs to
			p.send(channel, b)
		case <-low:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if channel.BufferedAmount() > maxBuffered {
			select {
			case <-low:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
}

// send hands one message to Pion.
func (p *peer) send(channel *webrtc.DataChannel, b []byte) {
	if err := channel.SendText(string(b)); err != nil {
		p.log.Debug("send event", "error", err)
		p.end(ErrHangup)
	}
	p.hub.config.Meter.Event(true)
}

// sendQueued sends what waits in the queue now.
func (p *peer) sendQueued(channel *webrtc.DataChannel) {
	for {
		select {
		case b := <-p.events.queue:
			p.send(channel, b)
			p.events.owed.Add(-1)
		default:
			return
		}
	}
}

// flush waits until the client has got everything, for at most flushTime.
func (p *peer) flush(ctx context.Context) {
	timer, tick := time.NewTimer(flushTime), time.NewTicker(flushTime/100)
	defer timer.Stop()
	defer tick.Stop()
	for {
		if c := p.open.Load(); c != nil && p.events.owed.Load() == 0 && c.BufferedAmount() == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// forget empties the queue of a caller without a data channel.
func (p *peer) forget(ctx context.Context) error {
	for {
		select {
		case <-p.events.queue:
		case <-p.events.gallery.out:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// obey reads the client's messages and passes its commands on to the session.
func (p *peer) obey(ctx context.Context) error {
	for _, c := range []chan struct{}{p.hand.connected, p.hand.seated} {
		select {
		case <-c:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if p.begin != nil {
		if err := p.do(ctx, *p.begin); err != nil {
			return err
		}
	}
	d := &decoder{codecs: *p.hub.config.Codecs, voices: p.hub.config.voices()}
	known := false
	for {
		var raw []byte
		select {
		case raw = <-p.hand.inbox:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		p.hub.config.Meter.Event(false)
		if s := p.events.settings(); !known && s.ID != "" {
			known, d.turn = true, s.Turn
		}
		if err := p.handle(ctx, d, raw); err != nil {
			return err
		}
	}
}

// handle carries one message out. Its error ends the call.
func (p *peer) handle(ctx context.Context, d *decoder, raw []byte) error {
	req, e := d.decode(raw)
	fits := true
	switch r := req.(type) {
	case nil:
		fits = p.events.fail(e)
	case retrieve:
		fits = p.events.retrieved(r)
	case streaming.Command:
		if err := p.do(ctx, r); err != nil {
			return err
		}
		if _, ok := r.(streaming.ClearInput); ok {
			fits = p.events.cleared()
		}
	}
	if !fits {
		p.end(ErrSlowClient)
	}
	return nil
}

// do passes a command on. What the session does not like about it comes back as an event.
func (p *peer) do(ctx context.Context, c streaming.Command) error {
	err := p.runner.Do(ctx, c)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		p.log.Debug("command", "error", err)
	}
	return nil
}
