package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"omnilive/signaling"
)

// watch has the metrics show the Stats of h.
func (m *Metrics) watch(h Hub) { m.hub.Store(&h) }

// places are the figures of who has a place, who waits for one, and how much room there is; they are those of the hub.
func (m *Metrics) places() []prometheus.Collector {
	stats := func(of func(signaling.Stats) float64) func() float64 {
		return func() float64 {
			if h := m.hub.Load(); h != nil {
				return of((*h).Stats())
			}
			return 0
		}
	}
	gauge := func(name, help string, of func(signaling.Stats) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, stats(of))
	}
	count := func(name, help string, of func(signaling.Stats) uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help},
			stats(func(s signaling.Stats) float64 { return float64(of(s)) }))
	}
	return []prometheus.Collector{
		gauge("load", "Seconds of work a second of what is busiest in the model, over the last ten seconds; calls stutter from 1 on.",
			func(s signaling.Stats) float64 { return s.Load.Now }),
		gauge("call_cost", "What one call more would add to the load, on average.", func(s signaling.Stats) float64 { return s.Load.Call }),
		gauge("calls_waiting", "Calls that wait for a place.", func(s signaling.Stats) float64 { return float64(s.Waiting) }),
		count("calls_refused_total", "Offers refused because there was no place, not even to wait.", func(s signaling.Stats) uint64 { return s.Refused }),
		count("calls_waited_total", "Calls that got a place after they had waited.", func(s signaling.Stats) uint64 { return s.Waited }),
		count("calls_left_total", "Calls that ended while they waited.", func(s signaling.Stats) uint64 { return s.Left }),
	}
}
