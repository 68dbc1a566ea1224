package otel_test

import (
	"context"
	"fmt"
	"log"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/holdfast-go/holdfast/adapters/otel"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A server exports its metrics; here a reader stands for the exporter. The Fetcher would be an httpfetch.Fetcher.
func Example() {
	issuer, err := verifiertest.NewIssuer("https://tenant.example/")
	if err != nil {
		log.Fatal(err)
	}
	reader := metric.NewManualReader()
	observer, err := otel.New(otel.Config{MeterProvider: metric.NewMeterProvider(metric.WithReader(reader))})
	if err != nil {
		log.Fatal(err)
	}
	v, err := verifier.New(verifier.Config{
		Domain: "tenant.example", Audiences: []string{"https://api.example"}, Fetcher: issuer,
		DecisionObserver: observer.Decision, Observer: observer.KeyEvent,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer v.Close()

	_, _ = v.VerifyAccessToken(context.Background(), "stolen")

	var recorded metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &recorded); err != nil {
		log.Fatal(err)
	}
	histogram := recorded.ScopeMetrics[0].Metrics[0]
	for _, point := range histogram.Data.(metricdata.Histogram[float64]).DataPoints {
		code, _ := point.Attributes.Value("holdfast.code")
		fmt.Println(histogram.Name, code.AsString(), point.Count)
	}
	// Output: holdfast.decision.duration token_malformed 1
}
