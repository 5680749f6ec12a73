package signaling

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/intervalpli"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/transport/v5"
	"github.com/pion/webrtc/v4"
)

// Reach says from where callers may come.
type Reach int

const (
	// ReachLoopback opens the media port on the loopback addresses only.
	ReachLoopback Reach = iota
	// ReachMachine opens it on every address of this machine and answers callers on this machine only.
	// Firefox needs it: it never pairs one of its own addresses with a loopback one.
	ReachMachine
	// ReachNetwork opens it on every address and answers everybody.
	ReachNetwork
)

// Network says where the media of all calls goes in and out. The zero value is a free port on loopback.
type Network struct {
	Port      int               // UDP and TCP port of all calls; 0 means any free one
	Reach     Reach             // who may call
	NoTCP     bool              // no ICE-TCP on the same number
	Lite      bool              // ICE-lite: for a server with a public address
	PublicIPs []string          // addresses to announce in place of the private ones (1:1 NAT)
	RemoteIP  func(net.IP) bool // keeps a caller's address; nil keeps all that Reach allows
	Net       transport.Net     // a network of its own, for tests; nil is the machine's
}

// Times of ICE (RFC 8445): silence for iceDisconnected is only reported; iceFailed more of it ends the call.
const (
	iceDisconnected = 5 * time.Second
	iceFailed       = 25 * time.Second
	iceKeepalive    = 2 * time.Second
	tcpReadBuffer   = 64   // packets waiting on one ICE-TCP connection
	stunPort        = 3478 // where a Net of its own has nothing to avoid
	portTries       = 20   // how often to look for a number that is free for UDP and TCP alike
)

// ports are the sockets all calls share.
type ports struct {
	number int
	udp    ice.UDPMux
	tcp    ice.TCPMux
	listen net.Listener
}

// open binds the sockets of n.
func (n Network) open(log pionLog) (*ports, error) {
	if n.Port < 0 || n.Port > 65535 {
		return nil, fmt.Errorf("media port %d: not between 0 and 65535", n.Port)
	}
	var err error
	for range portTries {
		var p *ports
		if p, err = n.bind(log); err == nil {
			return p, nil
		}
		if n.Port != 0 {
			break
		}
	}
	return nil, fmt.Errorf("open media port %d (choose another one, or 0 for any): %w", n.Port, err)
}

func (n Network) bind(log pionLog) (*ports, error) {
	number, err := n.number()
	if err != nil {
		return nil, err
	}
	udp, err := ice.NewMultiUDPMuxFromPort(number, n.muxOptions(log)...)
	if err != nil {
		return nil, err
	}
	p := &ports{number: number, udp: udp}
	if n.NoTCP || n.Net != nil {
		return p, nil
	}
	host := ""
	if n.Reach == ReachLoopback {
		host = "127.0.0.1"
	}
	if p.listen, err = net.Listen("tcp", net.JoinHostPort(host, fmt.Sprint(number))); err != nil {
		p.close()
		return nil, err
	}
	p.tcp = webrtc.NewICETCPMux(log.NewLogger("ice-tcp"), p.listen, tcpReadBuffer)
	return p, nil
}

// number is the port to bind: the configured one, or one that is free for UDP now.
func (n Network) number() (int, error) {
	if n.Port != 0 || n.Net != nil {
		return cmp.Or(n.Port, stunPort), nil
	}
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return 0, err
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).Port, nil
}

func (n Network) muxOptions(log pionLog) []ice.UDPMuxFromPortOption {
	o := []ice.UDPMuxFromPortOption{
		ice.UDPMuxFromPortWithLoopback(),
		ice.UDPMuxFromPortWithIPFilter(n.localIP),
		ice.UDPMuxFromPortWithLogger(log.NewLogger("ice-udp")),
	}
	if n.Net != nil {
		o = append(o, ice.UDPMuxFromPortWithNet(n.Net))
	}
	return o
}

// localIP keeps the addresses of ours that Reach opens.
func (n Network) localIP(ip net.IP) bool {
	return n.Net != nil || n.Reach != ReachLoopback || ip.IsLoopback()
}

// remoteIP keeps the addresses that callers may have.
func (n Network) remoteIP(ip net.IP) bool {
	if n.RemoteIP != nil && !n.RemoteIP(ip) {
		return false
	}
	return n.Net != nil || n.Reach == ReachNetwork || ip.IsLoopback() || ownIP(ip)
}

// ownIP reports whether ip is one of this machine's addresses.
func ownIP(ip net.IP) bool {
	addrs, err := net.InterfaceAddrs()
	return err == nil && slices.ContainsFunc(addrs, func(a net.Addr) bool {
		n, ok := a.(*net.IPNet)
		return ok && n.IP.Equal(ip)
	})
}

func (p *ports) close() {
	if p.tcp != nil {
		_ = p.tcp.Close()
	}
	if p.listen != nil {
		_ = p.listen.Close()
	}
	_ = p.udp.Close()
}

// api makes the factory of peer connections on p.
func (n Network) api(p *ports, log pionLog, video []string) (*webrtc.API, error) {
	engine := &webrtc.MediaEngine{}
	if err := registerCodecs(engine, video); err != nil {
		return nil, fmt.Errorf("register codecs: %w", err)
	}
	chain := &interceptor.Registry{}
	// A packet that was sent again must not be asked for once more: pion's own 100 ms and endless NACKs cost four times the traffic.
	err := webrtc.RegisterDefaultInterceptorsWithOptions(engine, chain, webrtc.WithInterceptorLoggerFactory(log),
		webrtc.WithNackGeneratorOptions(nack.GeneratorMaxNacksPerPacket(3), nack.GeneratorInterval(40*time.Millisecond)))
	if err != nil {
		return nil, fmt.Errorf("register interceptors: %w", err)
	}
	pli, err := intervalpli.NewReceiverInterceptor(intervalpli.GeneratorInterval(10 * time.Second))
	if err != nil {
		return nil, fmt.Errorf("register interceptors: %w", err)
	}
	chain.Add(pli)
	return webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithInterceptorRegistry(chain),
		webrtc.WithSettingEngine(n.settings(p, log))), nil
}

func (n Network) settings(p *ports, log pionLog) webrtc.SettingEngine {
	s := webrtc.SettingEngine{LoggerFactory: log}
	if n.Net != nil {
		s.SetNet(n.Net)
	}
	s.SetICEUDPMux(p.udp)
	types := []webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6}
	if p.tcp != nil {
		s.SetICETCPMux(p.tcp)
		types = append(types, webrtc.NetworkTypeTCP4)
	}
	s.SetNetworkTypes(types)
	s.DisableActiveTCP(true) // never dial an address out of a stranger's offer
	s.SetIncludeLoopbackCandidate(true)
	s.SetIPFilter(n.localIP)
	s.SetRemoteIPFilter(n.remoteIP)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetICETimeouts(iceDisconnected, iceFailed, iceKeepalive)
	s.SetLite(n.Lite)
	s.DisableCloseByDTLS(true) // the peer closes by itself: two that close at once wait for each other in Pion
	s.SetSCTPMaxMessageSize(MaxMessage)
	s.SetSCTPMaxReceiveBufferSize(2 * MaxMessage) // a message that does not fit into the buffer would never be whole
	if len(n.PublicIPs) > 0 {
		_ = s.SetICEAddressRewriteRules(webrtc.ICEAddressRewriteRule{
			External: n.PublicIPs, AsCandidateType: webrtc.ICECandidateTypeHost, Mode: webrtc.ICEAddressRewriteReplace,
		})
	}
	return s
}

// registerCodecs offers Opus and those of pion's video codecs (with their RTX) that we can decode.
func registerCodecs(engine *webrtc.MediaEngine, video []string) error {
	opus := webrtc.RTPCodecParameters{PayloadType: 111, RTPCodecCapability: webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1",
	}}
	if err := engine.RegisterCodec(opus, webrtc.RTPCodecTypeAudio); err != nil {
		return err
	}
	for _, c := range videoCodecs {
		if !slices.ContainsFunc(video, func(m string) bool { return strings.EqualFold(m, c.mime) }) {
			continue
		}
		for _, p := range c.parameters() {
			if err := engine.RegisterCodec(p, webrtc.RTPCodecTypeVideo); err != nil {
				return err
			}
		}
	}
	return nil
}

// A videoCodec is one line of the answer's video section: a codec, its profile and its payload type; RTX takes the next one.
type videoCodec struct {
	mime, fmtp string
	pt         webrtc.PayloadType
}

// videoCodecs are what browsers send, in the order we like them: what decodes with the least work first.
var videoCodecs = []videoCodec{
	{webrtc.MimeTypeVP8, "", 96},
	{webrtc.MimeTypeH264, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f", 106},
	{webrtc.MimeTypeH264, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f", 102},
	{webrtc.MimeTypeH264, "level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f", 108},
	{webrtc.MimeTypeH264, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=4d001f", 123},
	{webrtc.MimeTypeH264, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f", 112},
	{webrtc.MimeTypeVP9, "profile-id=0", 98},
	{webrtc.MimeTypeAV1, "", 45},
}

func (c videoCodec) parameters() []webrtc.RTPCodecParameters {
	feedback := []webrtc.RTCPFeedback{
		{Type: "goog-remb"}, {Type: "ccm", Parameter: "fir"}, {Type: "nack"}, {Type: "nack", Parameter: "pli"},
	}
	return []webrtc.RTPCodecParameters{
		{PayloadType: c.pt, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: c.mime, ClockRate: 90000, SDPFmtpLine: c.fmtp, RTCPFeedback: feedback,
		}},
		{PayloadType: c.pt + 1, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: fmt.Sprintf("apt=%d", c.pt),
		}},
	}
}
