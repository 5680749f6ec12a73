package streaming

import (
	"slices"

	"omnilive/media"
)

// cells are those of a thumbnail's side, points those that are read of each cell's side.
const (
	cells  = 16
	points = 4
)

// A thumbnail is a picture's brightness on a coarse grid: enough to tell whether something changed, and cheap.
type thumbnail struct {
	full          bool
	width, height int // of the picture
	luma          [cells * cells]uint8
}

func newThumbnail(p media.Picture) (t thumbnail) {
	if p.Width < cells || p.Height < cells || len(p.RGB) < 3*p.Width*p.Height {
		return t
	}
	t.full, t.width, t.height = true, p.Width, p.Height
	for i := range t.luma {
		sum := 0
		for k := range points * points {
			x := (i%cells*points + k%points) * p.Width / (cells * points)
			y := (i/cells*points + k/points) * p.Height / (cells * points)
			at := 3 * (y*p.Width + x)
			sum += 2*int(p.RGB[at]) + 5*int(p.RGB[at+1]) + int(p.RGB[at+2])
		}
		t.luma[i] = uint8(sum / (8 * points * points))
	}
	return t
}

// A difference is how far two thumbnails lie apart, in levels of brightness.
type difference struct {
	mean   int // of all cells
	worst  int // of the cell that changed most: something small moved
	median int // what lies below is the camera's noise, as long as most of the picture stands still
	other  bool
}

// from compares t with u; other says that they are not of the same size, or that one is empty.
func (t *thumbnail) from(u *thumbnail) (d difference) {
	if !t.full || !u.full || t.width != u.width || t.height != u.height {
		return difference{other: true}
	}
	var apart [cells * cells]int
	for i := range t.luma {
		apart[i] = max(int(t.luma[i])-int(u.luma[i]), int(u.luma[i])-int(t.luma[i]))
		d.mean += apart[i]
	}
	slices.Sort(apart[:])
	d.mean /= len(apart)
	d.median, d.worst = apart[len(apart)/2], apart[len(apart)-1]
	return d
}
