package signaling

import (
	"context"
	"strings"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
	"golang.org/x/sync/errgroup"
)

// maxPacket is more than an RTP packet may have, in bytes; Pion's own limit is 1460.
const maxPacket = 1600

// answerTracks starts a receiver for each track as it comes, now or in an hour.
func (p *peer) answerTracks(ctx context.Context, g *errgroup.Group) error {
	for {
		select {
		case t := <-p.hand.tracks:
			g.Go(func() error { return p.receive(ctx, t) })
			g.Go(func() error { return drainReports(t.receiver) })
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// drainReports reads a track's sender reports, which keeps Pion's interceptors going.
func drainReports(r *webrtc.RTPReceiver) error {
	for {
		if _, _, err := r.ReadRTCP(); err != nil {
			return nil // closed
		}
	}
}

// receive reads one track until it ends. A track that cannot be decoded costs the call nothing else.
func (p *peer) receive(ctx context.Context, t remoteTrack) error {
	mime := t.track.Codec().MimeType
	p.log.Debug("track", "mime", mime, "payload_type", t.track.PayloadType())
	switch {
	case strings.EqualFold(mime, webrtc.MimeTypeOpus):
		p.hear(ctx, t.track)
	case t.track.Kind() == webrtc.RTPCodecTypeVideo:
		p.look(t.track, mime)
	default:
		p.drop("track")
	}
	return nil
}

// hear feeds a microphone track into the call's mic, as long as no other has the floor. Its payload type may change on the way.
func (p *peer) hear(ctx context.Context, t *webrtc.TrackRemote) {
	buf := make([]byte, maxPacket)
	var to AudioReceiver
	var current uint8
	var turn *epoch[AudioReceiver]
	me := p.mic.floor.join()
	defer p.mic.floor.leave(me)
	defer func() { p.mic.end(turn) }()
	for {
		n, _, err := t.Read(buf)
		if err != nil {
			return
		}
		if n < 2 || !p.sits() || !p.mic.floor.take(me) {
			continue
		}
		if pt := buf[1] & 0x7f; pt != current || !p.mic.holds(turn) { // another track had the place meanwhile
			if to, err = p.hub.config.Codecs.Audio(pt); err != nil {
				p.log.Error("open audio decoder", "error", err)
				return
			}
			current = pt
			turn = p.mic.replace(ctx, to)
		}
		if err := to.Push(buf[:n]); err != nil {
			p.drop("audio")
		}
	}
}

// sits tells whether the call has its place; what is said or shown before is not for anybody.
func (p *peer) sits() bool {
	select {
	case <-p.hand.seated:
		return true
	default:
		return false
	}
}

// look feeds a camera track into the call's camera.
func (p *peer) look(t *webrtc.TrackRemote, mime string) {
	to, err := p.hub.config.Codecs.Video(mime, func() {
		_ = p.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(t.SSRC())}})
	})
	if err != nil {
		p.log.Error("open video decoder", "mime", mime, "error", err)
		return
	}
	view := p.camera.add(to)
	defer func() { _ = p.camera.remove(view) }() // older tracks are seen again
	buf := make([]byte, maxPacket)
	for {
		n, _, err := t.Read(buf)
		if err != nil {
			return
		}
		if !p.sits() {
			continue
		}
		if err := view.Push(buf[:n]); err != nil {
			p.drop("video")
		}
	}
}
