package media

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// An arrival is a packet and when it comes.
type arrival struct {
	at time.Duration
	rtpHeader
	n int // the how manieth packet of its sender it is
}

// A handed is what a reorder handed on, and when.
type handed struct {
	n, missing int
	at         time.Duration
}

// replay gives packets to a reorder in virtual time, which is looked at every millisecond, as a timer would.
func replay(t *testing.T, packets []arrival) (w *reorder, out []handed, verdicts map[verdict]int) {
	t.Helper()
	slices.SortStableFunc(packets, func(a, b arrival) int { return int(a.at - b.at) })
	var now time.Duration
	w = &reorder{}
	w.out = func(p rtpPacket) {
		n := int(binary.BigEndian.Uint32(p.payload))
		if p.timestamp != packets[0].timestamp+960*uint32(n-packets[0].n) {
			t.Errorf("packet %d has the timestamp %d", n, p.timestamp)
		}
		out = append(out, handed{n, p.missing, now})
	}
	verdicts = map[verdict]int{}
	var payload [4]byte // the reorder must copy what it holds
	for _, p := range packets {
		for ; now < p.at; now = min(now+time.Millisecond, p.at) {
			w.expire(now)
		}
		binary.BigEndian.PutUint32(payload[:], uint32(p.n))
		v := w.put(p.rtpHeader, payload[:], now)
		verdicts[v]++
		if v == taken || v == late {
			w.jitter.see(p.timestamp, now)
		}
	}
	for range 200 {
		now += time.Millisecond
		w.expire(now)
	}
	if w.held != 0 {
		t.Errorf("%d packets are still held in the end", w.held)
	}
	return w, out, verdicts
}

// sent makes packet n of a sender whose first numbers are given.
func sent(n int, sequence uint16, timestamp, ssrc uint32) arrival {
	h := rtpHeader{sequence: sequence + uint16(n), timestamp: timestamp + 960*uint32(n), ssrc: ssrc}
	return arrival{time.Duration(n) * FrameTime, h, n}
}

// A weather is what a network does to packets.
type weather struct {
	loss, twice float64
	unrest      time.Duration // each packet is up to so much late
}

// TestReorderProperties throws packets about and holds what must be true of every network: order, no packet twice, every
// packet accounted for, nobody waits longer than is said, and nothing is lost that came soon enough.
func TestReorderProperties(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 9))
		sky := weather{rnd.Float64() * 0.3, rnd.Float64() * 0.2, time.Duration(rnd.IntN(100)) * time.Millisecond}
		first, stamp := uint16(rnd.Uint32()), rnd.Uint32() // about to wrap around, or not
		came := map[int]time.Duration{}
		var packets []arrival
		for n := range 400 {
			p := sent(n, first, stamp, 7)
			if n > 0 && rnd.Float64() < sky.loss {
				continue
			}
			copies := 1
			if rnd.Float64() < sky.twice {
				copies = 2
			}
			for range copies {
				q := p
				if n > 0 {
					q.at += time.Duration(rnd.Int64N(int64(sky.unrest) + 1))
				}
				packets = append(packets, q)
				if at, ok := came[n]; !ok || q.at < at {
					came[n] = q.at
				}
			}
		}
		_, out, verdicts := replay(t, packets)
		checkOrder(t, seed, out, came)
		if len(out) != verdicts[taken] || len(out)+verdicts[late] < len(came) || verdicts[stray] != 0 {
			t.Errorf("seed %d: %d handed on, verdicts %v, %d came", seed, len(out), verdicts, len(came))
		}
		if sky.unrest <= patience && len(out) != len(came) {
			t.Errorf("seed %d, %v: %d handed on of the %d that came in time", seed, sky.unrest, len(out), len(came))
		}
		if t.Failed() {
			return
		}
	}
}

func checkOrder(t *testing.T, seed uint64, out []handed, came map[int]time.Duration) {
	t.Helper()
	next := 0
	for _, h := range out {
		if h.n != next+h.missing {
			t.Errorf("seed %d: packet %d with %d missing, %d was due", seed, h.n, h.missing, next)
		}
		if wait := h.at - came[h.n]; wait < 0 || wait > longestWait+time.Millisecond {
			t.Errorf("seed %d: packet %d waited for %v", seed, h.n, wait)
		}
		next = h.n + 1
	}
}

func TestReorderPassesAtOnce(t *testing.T) {
	var packets []arrival
	for n := range 1000 {
		packets = append(packets, sent(n, 65_000, 1<<32-96_000, 7))
	}
	_, out, _ := replay(t, packets)
	for i, h := range out {
		if h.n != i || h.missing != 0 || h.at != packets[i].at {
			t.Fatalf("%d: %+v", i, h)
		}
	}
}

func TestReorderPatience(t *testing.T) {
	for _, c := range []struct {
		name   string
		unrest time.Duration
		least  time.Duration
		most   time.Duration
	}{
		{"calm", 0, patience, patience + time.Millisecond},
		{"restless", 90 * time.Millisecond, 80 * time.Millisecond, longestWait + time.Millisecond},
	} {
		rnd := rand.New(rand.NewPCG(3, 4))
		var packets []arrival
		const lost = 500
		for n := range 600 {
			p := sent(n, 1, 1, 7)
			if n > 0 && n < lost-5 {
				p.at += time.Duration(rnd.Int64N(int64(c.unrest) + 1))
			}
			if n != lost {
				packets = append(packets, p)
			}
		}
		_, out, _ := replay(t, packets)
		for _, h := range out {
			if wait := h.at - (lost+1)*FrameTime; h.n == lost+1 && (wait < c.least || wait > c.most || h.missing != 1) {
				t.Errorf("%s: the packet behind the hole waited for %v, %d missing", c.name, wait, h.missing)
			}
		}
	}
}

func TestReorderNewCounts(t *testing.T) {
	for _, c := range []struct {
		name     string
		turns    []arrival // a number, and the ssrc
		want     []int
		missing  int
		verdicts map[verdict]int
	}{
		{"a long loss", []arrival{sent(0, 0, 0, 7), sent(1, 0, 0, 7), sent(200, 0, 0, 7), sent(201, 0, 0, 7)}, []int{0, 1, 200, 201}, 198, nil},
		{"a loss with packets held", []arrival{sent(0, 0, 0, 7), sent(2, 0, 0, 7), sent(70, 0, 0, 7)}, []int{0, 2, 70}, 68, nil},
		{
			"another source",
			[]arrival{sent(0, 0, 0, 7), sent(1, 60_000, 0, 8), sent(2, 60_000, 0, 8), sent(3, 60_000, 0, 8)},
			[]int{0, 2, 3},
			0,
			map[verdict]int{stray: 1},
		},
		{
			"numbers anew",
			[]arrival{sent(0, 0, 0, 7), sent(1, 20_000, 0, 7), sent(2, 20_000, 0, 7)},
			[]int{0, 2},
			0,
			map[verdict]int{stray: 1},
		},
		{
			"strays",
			[]arrival{sent(0, 0, 0, 7), sent(1, 20_000, 0, 7), sent(1, 0, 0, 7), sent(2, 40_000, 0, 7), sent(2, 0, 0, 7)},
			[]int{0, 1, 2},
			0,
			map[verdict]int{stray: 2},
		},
		{
			"what was held goes out first",
			[]arrival{sent(0, 0, 0, 7), sent(2, 0, 0, 7), sent(3, 60_000, 0, 8), sent(4, 60_000, 0, 8)},
			[]int{0, 2, 4},
			1,
			map[verdict]int{stray: 1},
		},
	} {
		at := time.Duration(0)
		for i := range c.turns {
			c.turns[i].at = at
			at += time.Millisecond
		}
		_, out, verdicts := replay(t, c.turns)
		var got []int
		missing := 0
		for _, h := range out {
			got = append(got, h.n)
			missing += h.missing
		}
		if !slices.Equal(got, c.want) || missing != c.missing || verdicts[stray] != c.verdicts[stray] {
			t.Errorf("%s: %v with %d missing, verdicts %v", c.name, got, missing, verdicts)
		}
	}
}

func TestReorderAllocatesNothing(t *testing.T) {
	w := &reorder{out: func(rtpPacket) {}}
	payload := make([]byte, 100)
	n := 0
	round := func() { // two packets that changed places
		for _, k := range []int{0, 2, 1, 3} {
			w.put(sent(n+k, 0, 0, 7).rtpHeader, payload, time.Duration(n)*FrameTime)
		}
		n += 4
	}
	for range 100 {
		round()
	}
	if a := testing.AllocsPerRun(100, round); a != 0 {
		t.Errorf("%v allocations", a)
	}
}

// FuzzReorder gives a reorder anything at all: it hands on each packet that it took, once, and holds none for ever.
func FuzzReorder(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 0, 1, 0, 2, 0, 1, 0, 1, 200, 0, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		var now time.Duration
		count := 0
		w := &reorder{}
		w.out = func(p rtpPacket) {
			if count++; p.missing < 0 || p.missing > farAhead {
				t.Fatalf("%d missing", p.missing)
			}
			if w.held < 0 || w.held > reorderSize {
				t.Fatalf("%d held", w.held)
			}
		}
		put := 0
		for ; len(b) >= 3; b = b[3:] {
			h := rtpHeader{sequence: uint16(int16(int8(b[1]))) * uint16(b[2]%40), ssrc: uint32(b[2] >> 7)}
			now += time.Duration(b[0]) * time.Millisecond / 4
			if w.put(h, b[:1], now) == taken {
				put++
				w.jitter.see(h.timestamp, now)
			}
			if _, ok := w.expire(now); ok != (w.held > 0) {
				t.Fatal("what is held has no end")
			}
		}
		w.expire(now + time.Hour)
		if count != put || w.held != 0 {
			t.Errorf("%d of %d handed on, %d held", count, put, w.held)
		}
	})
}
