package vocoder

// Each pass takes one factor p out of transforms of length p·m, of which s lie interleaved: x is [p][m][s], y [m][p][s],
// w the twiddles [m][p-1].

func pass2(x, y, w []complex64, m, s int) {
	for k := range m {
		w1 := w[k]
		a, b := x[k*s:][:s], x[(k+m)*s:][:s]
		o0, o1 := y[2*k*s:][:s], y[(2*k+1)*s:][:s]
		for q := range s {
			o0[q] = a[q] + b[q]
			o1[q] = mul(a[q]-b[q], w1)
		}
	}
}

func pass3(x, y, w []complex64, m, s int) {
	const sin3 = 0.86602540378443864676
	for k := range m {
		w1, w2 := w[2*k], w[2*k+1]
		a, b, c := x[k*s:][:s], x[(k+m)*s:][:s], x[(k+2*m)*s:][:s]
		o0, o1, o2 := y[3*k*s:][:s], y[(3*k+1)*s:][:s], y[(3*k+2)*s:][:s]
		for q := range s {
			sum, diff := b[q]+c[q], timesMinusI(scaled(b[q]-c[q], sin3))
			mid := a[q] - scaled(sum, 0.5)
			o0[q] = a[q] + sum
			o1[q] = mul(mid+diff, w1)
			o2[q] = mul(mid-diff, w2)
		}
	}
}

func pass4(x, y, w []complex64, m, s int) {
	for k := range m {
		w1, w2, w3 := w[3*k], w[3*k+1], w[3*k+2]
		a, b, c, d := x[k*s:][:s], x[(k+m)*s:][:s], x[(k+2*m)*s:][:s], x[(k+3*m)*s:][:s]
		o0, o1, o2, o3 := y[4*k*s:][:s], y[(4*k+1)*s:][:s], y[(4*k+2)*s:][:s], y[(4*k+3)*s:][:s]
		for q := range s {
			ac, amc := a[q]+c[q], a[q]-c[q]
			bd, bmd := b[q]+d[q], timesMinusI(b[q]-d[q])
			o0[q] = ac + bd
			o1[q] = mul(amc+bmd, w1)
			o2[q] = mul(ac-bd, w2)
			o3[q] = mul(amc-bmd, w3)
		}
	}
}

func pass5(x, y, w []complex64, m, s int) {
	const (
		cos1, sin1 = 0.30901699437494742410, 0.95105651629515357212
		cos2, sin2 = -0.80901699437494742410, 0.58778525229247312917
	)
	for k := range m {
		w1, w2, w3, w4 := w[4*k], w[4*k+1], w[4*k+2], w[4*k+3]
		a, b, c, d, e := x[k*s:][:s], x[(k+m)*s:][:s], x[(k+2*m)*s:][:s], x[(k+3*m)*s:][:s], x[(k+4*m)*s:][:s]
		o0, o1, o2, o3, o4 := y[5*k*s:][:s], y[(5*k+1)*s:][:s], y[(5*k+2)*s:][:s], y[(5*k+3)*s:][:s], y[(5*k+4)*s:][:s]
		for q := range s {
			be, cd := b[q]+e[q], c[q]+d[q]
			bme, cmd := b[q]-e[q], c[q]-d[q]
			r1 := a[q] + scaled(be, cos1) + scaled(cd, cos2)
			r2 := a[q] + scaled(be, cos2) + scaled(cd, cos1)
			i1 := timesMinusI(scaled(bme, sin1) + scaled(cmd, sin2))
			i2 := timesMinusI(scaled(bme, sin2) - scaled(cmd, sin1))
			o0[q] = a[q] + be + cd
			o1[q] = mul(r1+i1, w1)
			o2[q] = mul(r2+i2, w2)
			o3[q] = mul(r2-i2, w3)
			o4[q] = mul(r1-i1, w4)
		}
	}
}
