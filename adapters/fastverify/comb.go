package fastverify

// A comb multiplies one point by many scalars: the method of Lim and Lee (CRYPTO '94), also algorithm 14.117 of the Handbook of
// Applied Cryptography. A scalar of 256 bits is written as eight rows of 32 bits. The bits of a column choose one of the
// sums that were computed before, so that it takes 32 doublings and additions instead of 256.
//
// Its time depends on the scalar, which is public. It does no arithmetic but the addition and doubling of its library, which
// hold for all pairs of points.
type comb[T any, P point[T]] struct {
	// sums has at index i the sum of the multiples of the point by 2^(32*j), for all bits j of i. The first is not used.
	sums [1 << rows]T
}

// A point is one of a library.
type point[T any] interface {
	*T
	Set(p *T) *T
	Add(p, q *T) *T
	Double(p *T) *T
}

const (
	rows    = 8
	columns = 32
)

// A scalar is a number in little-endian order.
type scalar [rows * columns / 8]byte

// column returns a bit of each row.
func (s *scalar) column(at int) int {
	index := 0
	for row := range rows {
		bit := row*columns + at
		index |= int(s[bit/8]>>(bit%8)&1) << row
	}
	return index
}

func newComb[T any, P point[T]](of P) *comb[T, P] {
	c := new(comb[T, P])
	var tooth T
	P(&tooth).Set(of)
	for row := range rows {
		first := 1 << row
		P(&c.sums[first]).Set(&tooth)
		for i := 1; i < first; i++ {
			P(&c.sums[first+i]).Add(&c.sums[first], &c.sums[i])
		}
		for range columns {
			P(&tooth).Double(&tooth)
		}
	}
	return c
}

// A product is a point by a scalar.
type product[T any, P point[T]] struct {
	comb   *comb[T, P]
	scalar *scalar
}

// addProducts adds products to the neutral element, which sum is, with the doublings of all of them at once.
func addProducts[T any, P point[T]](sum P, products ...product[T, P]) {
	for at := columns - 1; at >= 0; at-- {
		sum.Double(sum)
		for _, p := range products {
			if i := p.scalar.column(at); i != 0 {
				sum.Add(sum, &p.comb.sums[i])
			}
		}
	}
}
