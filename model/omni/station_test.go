package omni

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"omnilive/model/llama"
)

// Who waits for a device gets it by class, then by age.
func TestStationOrder(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		come []context.Context // one a millisecond, while the device is held
		hold time.Duration     // by the first holder
		want []int
	}{
		"first come":                  {[]context.Context{ctx, ctx, ctx}, time.Second, []int{0, 1, 2}},
		"a turn goes first":           {[]context.Context{Background(ctx), ctx, Turn(ctx), Turn(ctx)}, time.Second, []int{2, 3, 1, 0}},
		"background is not forgotten": {[]context.Context{Background(ctx), ctx, Turn(ctx)}, llama.Patience + time.Second, []int{2, 0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &station{}
				unlock := s.lock(ctx)
				order := make(chan int, len(c.come))
				for i, ctx := range c.come {
					time.Sleep(time.Millisecond)
					go func() {
						defer s.lock(ctx)()
						order <- i
					}()
				}
				time.Sleep(c.hold)
				unlock()
				var got []int
				for range c.come {
					got = append(got, <-order)
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("they got it in the order %v, want %v", got, c.want)
				}
			})
		})
	}
}

// A long drawing lets go between its graphs for whoever is no less urgent, each once, and ends all the same; it counts as no work.
func TestStationGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &station{}
		ctx := context.Background()
		drawn := make(chan time.Duration)
		began := time.Now()
		go func() {
			defer s.lock(Background(ctx))()
			for range 100 {
				s.giveWay()
				time.Sleep(time.Second)
			}
			drawn <- time.Since(began)
		}()
		waits := time.Duration(0)
		for i := range 20 {
			time.Sleep(1100 * time.Millisecond)
			asked := time.Now()
			class := []context.Context{Turn(ctx), ctx, Background(ctx)}[i%3]
			unlock := s.lock(class)
			waits = max(waits, time.Since(asked))
			time.Sleep(50 * time.Millisecond)
			unlock()
		}
		if waits > time.Second {
			t.Errorf("somebody waited %v for a drawing", waits)
		}
		if d := <-drawn; d != 101*time.Second {
			t.Errorf("the drawing took %v", d)
		}
		if w := s.work(); w != 14*50*time.Millisecond {
			t.Errorf("%v of work for calls", w)
		}
	})
}

func TestStationOfOne(t *testing.T) {
	s := &station{}
	s.giveWay() // nobody holds it, nobody waits
	unlock := s.lock(Background(context.Background()))
	s.giveWay()
	unlock()
	s.lock(Turn(context.Background()))()
}
