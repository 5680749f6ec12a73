package vision

// order is how the cells (merged patches) of one temporal grid are put into windows.
type order struct {
	cells   []int32 // cells in window order, counted in reading order
	windows []int32 // patches of each window
}

// windowOrder goes through the windows of side by side cells row by row, and row by row within each; those at the edge are
// smaller. rows and columns count cells, merged is the patches of one.
func windowOrder(rows, columns, side, merged int) order {
	o := order{cells: make([]int32, 0, rows*columns)}
	for top := 0; top < rows; top += side {
		for left := 0; left < columns; left += side {
			before := len(o.cells)
			for r := top; r < min(top+side, rows); r++ {
				for c := left; c < min(left+side, columns); c++ {
					o.cells = append(o.cells, int32(r*columns+c))
				}
			}
			o.windows = append(o.windows, int32((len(o.cells)-before)*merged))
		}
	}
	return o
}

// gather puts rows of width values per cell from reading order into window order.
func (o order) gather(dst, src []float32, width int) {
	for i, c := range o.cells {
		copy(dst[i*width:(i+1)*width], src[int(c)*width:])
	}
}

// scatter is the inverse of gather.
func (o order) scatter(dst, src []float32, width int) {
	for i, c := range o.cells {
		copy(dst[int(c)*width:int(c+1)*width], src[i*width:])
	}
}

// order of one temporal grid of g.
func (t Tower) order(g Grid) order {
	return windowOrder(g.H/t.Merge, g.W/t.Merge, t.Window/t.Merge/t.Patch, t.cell())
}

// Windows returns the order in which the tower reads the cells of a grid, over all its temporal grids, and where each
// window ends, in patches, beginning with 0.
func (c Config) Windows(g Grid) (cells, ends []int32) {
	t := c.Tower.withDefaults()
	o := t.order(g)
	ends = append(ends, 0)
	for i := range g.T {
		for _, v := range o.cells {
			cells = append(cells, v+int32(i*len(o.cells)))
		}
		for _, n := range o.windows {
			ends = append(ends, ends[len(ends)-1]+n)
		}
	}
	return cells, ends
}
