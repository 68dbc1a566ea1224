package integration

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/dpop"
	"github.com/holdfast-go/holdfast/verifier/exchange"
	"github.com/holdfast-go/holdfast/verifier/idtoken"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

// The default of a setting stands in the tag of its field. docs/operations.md has the same one.
func TestOperationsHasEveryDefault(t *testing.T) {
	page, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	written := make(map[string]string)
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Za-z.]+)` \\| ([^|]+) \\|").FindAllStringSubmatch(string(page), -1) {
		written[row[1]], _, _ = strings.Cut(row[2], ", ")
	}
	settings := 0
	var compare func(prefix string, config reflect.Type)
	compare = func(prefix string, config reflect.Type) {
		for field := range config.Fields() {
			byDefault, has := field.Tag.Lookup("default")
			switch name := prefix + field.Name; {
			case field.Type.Kind() == reflect.Struct:
				compare(name+".", field.Type)
			case !has || field.Type.Kind() == reflect.Slice:
			case plain(written[name]) != plain(byDefault):
				t.Errorf("%s is %s by default, and docs/operations.md says %q", name, byDefault, written[name])
			default:
				settings++
			}
		}
	}
	compare("", reflect.TypeFor[verifier.Config]())
	compare("DPoP.", reflect.TypeFor[dpop.Config]())
	compare("DPoP.Nonce", reflect.TypeFor[dpop.NonceConfig]())
	compare("idtoken.Config.", reflect.TypeFor[idtoken.Config]())
	compare("exchange.Config.", reflect.TypeFor[exchange.Config]())
	compare("exchange.SourceConfig.", reflect.TypeFor[exchange.SourceConfig]())
	compare("CacheConfig.", reflect.TypeFor[memory.CacheConfig]())
	compare("ReplayConfig.", reflect.TypeFor[memory.ReplayConfig]())
	if settings < 20 {
		t.Errorf("compared only %d settings", settings)
	}
}

// plain writes 10 min as 10m, and 1,024 as 1024.
func plain(text string) string {
	text = strings.NewReplacer(",", "", " ", "", "min", "m").Replace(text)
	if d, err := time.ParseDuration(text); err == nil {
		return d.String()
	}
	return text
}
