package signaling

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// pionLog sends what Pion has to say to slog at the debug level: a stranger's bad packets are not our warnings.
type pionLog struct{ log *slog.Logger }

// NewLogger names the part of Pion that speaks.
func (l pionLog) NewLogger(scope string) logging.LeveledLogger {
	return scopedLog{l.log.With("pion", scope)}
}

type scopedLog struct{ log *slog.Logger }

func (l scopedLog) printf(format string, args []any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug(fmt.Sprintf(format, args...))
	}
}

func (scopedLog) Trace(string)                   {}
func (scopedLog) Tracef(string, ...any)          {}
func (scopedLog) Debug(string)                   {}
func (scopedLog) Debugf(string, ...any)          {}
func (scopedLog) Info(string)                    {}
func (scopedLog) Infof(string, ...any)           {}
func (l scopedLog) Warn(s string)                { l.log.Debug(s) }
func (l scopedLog) Warnf(f string, args ...any)  { l.printf(f, args) }
func (l scopedLog) Error(s string)               { l.log.Debug(s) }
func (l scopedLog) Errorf(f string, args ...any) { l.printf(f, args) }
