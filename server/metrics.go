package server

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"omnilive/signaling"
)

// Metrics counts what happens on all calls (it is a signaling.Meter) and shows it to Prometheus.
type Metrics struct {
	registry *prometheus.Registry

	hub                            atomic.Pointer[Hub] // whose Stats are shown
	calls, turns, speculated       prometheus.Counter
	underruns, dry                 prometheus.Counter
	active                         prometheus.Gauge
	ended, events, errors, dropped *prometheus.CounterVec
	lasted                         *prometheus.HistogramVec
	latency                        *prometheus.HistogramVec
}

var _ signaling.Meter = (*Metrics)(nil)

// NewMetrics makes metrics with a registry of their own, the Go runtime's and the process's included.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry:   prometheus.NewRegistry(),
		calls:      counter("calls_total", "Calls answered."),
		turns:      counter("turns_total", "Turns of the user that were answered aloud."),
		speculated: counter("turns_speculated_total", "Turns whose answer had been begun before the turn had ended."),
		underruns:  counter("pacer_underruns_total", "Times that an answer fell silent in its middle because its sound came too late."),
		dry:        counter("pacer_dry_seconds_total", "How long answers were silent in their middle because sound came too late."),
		active:     prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "calls_active", Help: "Calls under way."}),
		ended:      counters("calls_ended_total", "Calls that ended, by cause.", "cause"),
		events:     counters("events_total", "Messages on the events channel, by direction (in, out).", "direction"),
		errors:     counters("errors_total", "Error messages sent to clients, by code.", "code"),
		dropped:    counters("dropped_total", "What was lost: audio packets, video packets, tracks, looks at the camera, seconds of its soundtrack.", "what"),
		lasted: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "call_duration_seconds",
			Help: "How long calls lasted, by cause of their end.", Buckets: []float64{1, 5, 15, 60, 300, 900, 3600},
		}, []string{"cause"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "turn_latency_seconds",
			Help:    "Wait for an answer by stage; total is from the last voiced sample heard to the first sample sent.",
			Buckets: []float64{.01, .02, .05, .1, .2, .3, .4, .5, .6, .7, .8, 1, 1.2, 1.5, 2, 3, 5, 10},
		}, []string{"stage"}),
	}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.calls, m.turns, m.speculated, m.underruns, m.dry, m.active, m.ended, m.events, m.errors, m.dropped, m.lasted, m.latency)
	m.registry.MustRegister(m.places()...)
	return m
}

const namespace = "omnilive"

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help})
}

func counters(name, help, label string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, []string{label})
}

// Register adds a collector of another package. It fails if the name is taken.
func (m *Metrics) Register(c prometheus.Collector) error { return m.registry.Register(c) }

func (m *Metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
}

// CallStarted counts an answered call.
func (m *Metrics) CallStarted() {
	m.calls.Inc()
	m.active.Inc()
}

// CallEnded counts its end.
func (m *Metrics) CallEnded(cause string, lasted time.Duration) {
	m.active.Dec()
	m.ended.WithLabelValues(cause).Inc()
	m.lasted.WithLabelValues(cause).Observe(lasted.Seconds())
}

// Turn observes the split of one turn's wait.
func (m *Metrics) Turn(l signaling.Latency) {
	m.turns.Inc()
	if l.Speculated {
		m.speculated.Inc()
	}
	for stage, d := range map[string]time.Duration{
		"endpoint": l.Endpoint, "recognize": l.Recognize, "prefill": l.Prefill,
		"first_sound": l.FirstSound, "pacer": l.Pacer, "total": l.Total,
	} {
		m.latency.WithLabelValues(stage).Observe(d.Seconds())
	}
}

// Event counts a message to a client, or from one.
func (m *Metrics) Event(sent bool) {
	direction := "in"
	if sent {
		direction = "out"
	}
	m.events.WithLabelValues(direction).Inc()
}

// Failed counts an error message.
func (m *Metrics) Failed(code string) { m.errors.WithLabelValues(code).Inc() }

// Underrun counts a silence in the middle of an answer.
func (m *Metrics) Underrun(lasted time.Duration) {
	m.underruns.Inc()
	m.dry.Add(lasted.Seconds())
}

// Dropped counts what was lost.
func (m *Metrics) Dropped(what string) { m.dropped.WithLabelValues(what).Inc() }
