package fastverify_test

import (
	"slices"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/adapters/fastverify"
)

// BenchmarkVerify takes turns with the standard library, so that whatever else the machine does slows down both, and reports
// medians.
func BenchmarkVerify(b *testing.B) {
	v := newVerifier(b, fastverify.Config{})
	for _, s := range subjects(b) {
		prepare(b, v, s)
		b.Run(s.name, func(b *testing.B) {
			var prepared, standard []time.Duration
			for b.Loop() {
				began := time.Now()
				valid, err := v.VerifySignature(s.key, s.digest, s.signature, s.opts)
				between := time.Now()
				if !valid || !s.standard() {
					b.Fatal(err)
				}
				prepared, standard = append(prepared, between.Sub(began)), append(standard, time.Since(between))
			}
			slices.Sort(prepared)
			slices.Sort(standard)
			ours, theirs := prepared[len(prepared)/2], standard[len(standard)/2]
			b.ReportMetric(float64(ours), "ns/prepared")
			b.ReportMetric(float64(theirs), "ns/standard")
			b.ReportMetric(float64(ours)/float64(theirs), "ratio")
		})
	}
}
