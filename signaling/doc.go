// Package signaling connects callers: it answers their offers, keeps one peer connection for each of them, and speaks the
// OpenAI Realtime protocol (GA) with them. It is the only package that knows Pion.
//
// # A call
//
// The client opens the data channel oai-events (Label), adds its microphone and, if it likes, a camera, and has its SDP
// offer brought to Hub.Answer. The answer holds all of our candidates: one UDP port for all calls and ICE-TCP on the same
// number. There is one audio section with Opus both ways; video sections are received; the codecs offered are those that can
// be decoded. A caller that trickles its candidates uses Hub.Signal instead.
//
// When the connection stands the session begins to run (streaming.Runner). Its first event is session.created. From then on
// a streaming.Event becomes one message of the protocol, at the end of an answer's content five (translate.go), and each
// message of the client becomes a streaming.Command (decode.go) or an error message that carries its event_id. What the
// messages look like is written down in docs/protocol.md, field by field in testdata/messages.jsonl.
//
// A call that does not connect within Config.Connect is given up. A connection that is lost for a while is not: only after
// 30 s of silence, or when the client closes its side, Hangup is called, the session ends or the client does not read its
// events, the call ends. Then everything is cancelled, everything is waited for, and only then anything is freed.
//
// # What a stranger may cost
//
// Offers, candidates, messages, texts and pictures are bounded (MaxOffer, MaxMessage, MaxControl, MaxText, MaxImages,
// MaxPixels). A client that sends faster than its messages can be handled is held back by SCTP; one that does not take its
// events loses its call (ErrSlowClient) rather than an event. Nothing is ever dialled: packets go only to addresses that
// Network.RemoteIP and Reach allow.
//
// # Concurrency
//
// A Hub's methods may be called by any goroutine; Run is called once. Each peer runs its goroutines in one errgroup:
//
//	closing   waits for the end of the call, then closes the peer connection, which unblocks the others
//	tracks    starts one receiver (and one reader of its reports) for each track as it comes
//	receiver  track → codec; alone pushes into its codec
//	tell      queued messages → data channel; alone writes it
//	show      pictures → JPEG → tell, when nothing else waits
//	obey      data channel → session; alone decodes
//	converse  waits for the connection, then is the session's Run
//	reports   reads what the caller reports about our sound
//
// Pion's callbacks only hand over. Ports.Emit may be called by any goroutine and never blocks; its order is kept.
package signaling
