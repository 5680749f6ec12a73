package imagedecoder

import (
	"errors"
	"fmt"
	"math"
)

// Limits of the configuration. They are far above the released network and far below what would exhaust a machine by
// itself; the shapes of the tensors are compared with all of them before anything is loaded.
const (
	maxVocabulary = 1 << 20
	maxTokens     = 1 << 14
	maxWidth      = 1 << 14
	maxInner      = 1 << 17 // of a block's MLP
	maxBlocks     = 256
	maxStages     = 6
	maxLayers     = 16
	maxLatent     = 256
)

// A listing collects what is wrong.
type listing []error

func (l *listing) want(ok bool, format string, a ...any) {
	if !ok {
		*l = append(*l, fmt.Errorf(format, a...))
	}
}

func (l *listing) between(what string, v, low, high int64) {
	l.want(v >= low && v <= high, "%s is %d, want %d to %d", what, v, low, high)
}

// check lists everything impossible in c.
func (c *Config) check() error {
	var l listing
	c.Embedder.check(&l)
	c.Main.check(&l, "transformer")
	if c.Weak != nil {
		c.Weak.check(&l, "transformer2")
	}
	c.VAE.check(&l)
	c.Scheduler.check(&l)
	if len(l) == 0 {
		c.together(&l)
	}
	return errors.Join(l...)
}

// together checks what the parts must agree on.
func (c *Config) together(l *listing) {
	for name, n := range map[string]*Network{"transformer": &c.Main, "transformer2": c.Weak} {
		if n == nil {
			continue
		}
		l.want(n.Channels == c.VAE.Latent*n.patch()*n.patch(), "%s: in_channels is %d, but the VAE has %d latent channels and use_patchify is %v",
			name, n.Channels, c.VAE.Latent, n.Patchify)
		l.want(n.Vector == c.Embedder.Width && n.Context == c.Embedder.Width, "%s: vec_in_dim %d and context_in_dim %d, but units are vectors of %d",
			name, n.Vector, n.Context, c.Embedder.Width)
		l.want(n.Patchify == c.Main.Patchify, "%s: use_patchify is %v, unlike transformer's", name, n.Patchify)
	}
}

func (e *Embedder) check(l *listing) {
	l.between("token_embedder: vocab_size", e.Vocabulary, 1, maxVocabulary)
	l.between("token_embedder: embedding_dim", e.Width, 1, maxWidth)
	l.between("token_embedder: token_length", e.Tokens, 1, maxTokens)
	l.want(e.side()*e.side() == e.Tokens, "token_embedder: token_length %d is no square number", e.Tokens)
}

// side is the length of the units' grid.
func (e *Embedder) side() int64 { return int64(math.Sqrt(float64(max(e.Tokens, 0)))) }

func (n *Network) check(l *listing, name string) {
	l.between(name+": in_channels", n.Channels, 1, 4*maxLatent)
	l.between(name+": vec_in_dim", n.Vector, 1, maxWidth)
	l.between(name+": context_in_dim", n.Context, 1, maxWidth)
	l.between(name+": hidden_size", n.Hidden, 1, maxWidth)
	l.between(name+": num_heads", n.Heads, 1, maxWidth)
	l.between(name+": depth_single_blocks", n.Blocks, 1, maxBlocks)
	l.want(n.Double == 0, "%s: depth is %d, but double-stream blocks are not built here", name, n.Double)
	l.want(!n.Guidance, "%s: guidance_embed is set, but no guidance is fed here", name)
	l.want(n.MLPRatio > 0 && n.MLPRatio*float64(n.Hidden) >= 1 && n.MLPRatio*float64(n.Hidden) <= maxInner, "%s: mlp_ratio is %v", name, n.MLPRatio)
	l.want(n.Theta > 1 && n.Theta < 1e12, "%s: theta is %v", name, n.Theta)
	if n.Heads < 1 || n.Hidden < 1 {
		return
	}
	sum, even := int64(0), true
	for _, d := range n.Axes {
		even = even && d > 0 && d%2 == 0 && d <= maxWidth
		sum += max(d, 0) % (2 * maxWidth)
	}
	l.want(n.Hidden%n.Heads == 0 && len(n.Axes) == 3 && even && sum == n.head(), "%s: axes_dim %v does not make a head of %d/%d", name, n.Axes, n.Hidden, n.Heads)
}

func (n *Network) head() int64  { return n.Hidden / n.Heads }
func (n *Network) inner() int64 { return int64(float64(n.Hidden) * n.MLPRatio) }

// patch is how many latent pixels a position is wide.
func (n *Network) patch() int64 {
	if n.Patchify {
		return 2
	}
	return 1
}

func (v *VAE) check(l *listing) {
	l.between("vae: latent_channels", v.Latent, 1, maxLatent)
	l.between("vae: in_channels", v.In, 1, 16)
	l.want(v.Out == 3, "vae: out_channels is %d, want 3: red, green, blue", v.Out)
	l.between("vae: block_out_channels", int64(len(v.Widths)), 1, maxStages)
	l.between("vae: layers_per_block", v.Layers, 1, maxLayers)
	l.between("vae: norm_num_groups", v.Groups, 1, maxWidth)
	for _, w := range v.Widths {
		l.want(w >= 1 && w <= maxWidth && v.Groups > 0 && w%v.Groups == 0, "vae: %d channels do not make %d groups", w, v.Groups)
	}
	l.want(v.Activation == "silu" || v.Activation == "swish", "vae: act_fn is %q, want silu", v.Activation)
	l.want(finite(v.Scaling) && v.Scaling != 0, "vae: scaling_factor is %v", v.Scaling)
	l.want(v.Shift == nil || finite(*v.Shift), "vae: shift_factor is no number")
	for _, kind := range v.UpBlocks {
		l.want(kind == "UpDecoderBlock2D", "vae: up_block_types names %.40q, want UpDecoderBlock2D", kind)
	}
	l.want(len(v.UpBlocks) == 0 || len(v.UpBlocks) == len(v.Widths), "vae: %d up_block_types for %d block_out_channels", len(v.UpBlocks), len(v.Widths))
}

// factor is how many pixels a latent pixel is wide.
func (v *VAE) factor() int64 { return 1 << (len(v.Widths) - 1) }

// said returns what a switch of the configuration says, with is its class's default.
func said(b *bool, otherwise bool) bool {
	if b == nil {
		return otherwise
	}
	return *b
}

func (s *Scheduler) check(l *listing) {
	l.want(s.Class == "" || s.Class == "FlowMatchEulerDiscreteScheduler", "scheduler: %.60q, want FlowMatchEulerDiscreteScheduler", s.Class)
	l.between("scheduler: num_train_timesteps", s.Train, 1, 1<<20)
	l.want(s.shift() > 0 && s.shift() < 1e6, "scheduler: shift is %v", s.shift())
	for name, set := range map[string]bool{
		"use_dynamic_shifting": s.Dynamic, "use_karras_sigmas": s.Karras, "use_exponential_sigmas": s.Exponential,
		"use_beta_sigmas": s.Beta, "invert_sigmas": s.Invert, "shift_terminal": s.Terminal != nil && *s.Terminal != 0,
	} {
		l.want(!set, "scheduler: %s is set, which the pipeline does not use", name)
	}
}

func (s *Scheduler) shift() float64 {
	if s.Shift == nil {
		return 1
	}
	return *s.Shift
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
