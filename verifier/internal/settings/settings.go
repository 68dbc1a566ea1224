// Package settings reads the fields of a configuration, and collects what is wrong with them. The default of a field and
// how far it may go stand in its tag, below its documentation:
//
//	default:"10m"    what zero means: a duration, a number, a size in KiB or MiB, or the name of an algorithm
//	max:"5 minutes"  the most that is accepted
//	negative:"none"  a negative value means none, and is read as zero; without this tag it is a fault
package settings

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
)

// What can be wrong with fields of all kinds. The texts follow the field's name.
var (
	ErrRequired  = errors.New("is required")
	ErrNegative  = errors.New("must not be negative")
	errBlank     = errors.New("is blank")
	errShort     = errors.New("has under 32 bytes")
	errNilClock  = errors.New("holds a nil pointer; leave it unset for the system's clock")
	errNilInside = errors.New("holds a nil pointer or function; leave the field unset, or give it a value that works")
)

// minSecretBytes is how many bytes a secret has at least: those of the hash that it is used with.
const minSecretBytes = 32

// A Fault says what is wrong with one field.
type Fault struct {
	Package string
	Field   string
	Err     error
}

// Error returns the package, the field and the reason.
func (f *Fault) Error() string { return f.Package + ": " + f.Field + " " + f.Err.Error() }

// Unwrap returns the reason.
func (f *Fault) Unwrap() error { return f.Err }

// A Checker reads the fields of one configuration.
type Checker struct {
	config reflect.Value
	fault  func(field string, err error) error
	faults []error
}

// Of returns a checker of config, a struct, whose faults are made by fault.
func Of(config any, fault func(field string, err error) error) *Checker {
	return &Checker{config: reflect.ValueOf(config), fault: fault}
}

// In returns a checker of config, a struct of the named package. Its faults are of type [*Fault].
func In(name string, config any) *Checker {
	return Of(config, func(field string, err error) error { return &Fault{name, field, err} })
}

// Fault adds a fault.
func (c *Checker) Fault(field string, err error) { c.faults = append(c.faults, c.fault(field, err)) }

// Adopt adds the faults that a checker of [In] found in a configuration that was made out of this one: prefix is what
// comes before the names of its fields here.
func (c *Checker) Adopt(prefix string, err error) {
	if joined, several := err.(interface{ Unwrap() []error }); several {
		for _, one := range joined.Unwrap() {
			if fault, ok := errors.AsType[*Fault](one); ok {
				c.Fault(prefix+fault.Field, fault.Err)
			}
		}
	}
}

// Err returns all faults, nil if there are none.
func (c *Checker) Err() error { return errors.Join(c.faults...) }

// lookup finds a field by its path: Keys.SoftTTL.
func (c *Checker) lookup(path string) (reflect.Value, reflect.StructTag) {
	value, tag := c.config, reflect.StructTag("")
	for name := range strings.SplitSeq(path, ".") {
		field, found := value.Type().FieldByName(name)
		if !found {
			panic("settings: no field " + path)
		}
		value, tag = value.FieldByIndex(field.Index), field.Tag
	}
	return value, tag
}

// Int returns a number, or its default where it is zero.
func (c *Checker) Int(path string) int { return int(c.number(path)) }

// Other returns a number that another stage checks: no fault is added.
func (c *Checker) Other(path string) int {
	unheard := Checker{config: c.config, fault: c.fault}
	return unheard.Int(path)
}

// Duration returns a duration, or its default where it is zero. One under a millisecond was meant to be in seconds.
func (c *Checker) Duration(path string) time.Duration {
	d := time.Duration(c.number(path))
	if 0 < d && d < time.Millisecond {
		c.Fault(path, fmt.Errorf("is %v: a number without a unit is in nanoseconds; write %d * time.Second, if that is meant", d, d))
	}
	return d
}

// Enum refuses a value that has no name: names are those of the values from zero on.
func (c *Checker) Enum(field string, value int, names []string) {
	if value < 0 || value >= len(names) {
		c.Fault(field, fmt.Errorf("is %d, not one of %s", value, strings.Join(names, ", ")))
	}
}

// Name returns the name of a value of an enumeration, or the type with the number where it has none.
func Name[E ~int](value E, names []string) string {
	if value < 0 || int(value) >= len(names) {
		return fmt.Sprintf("%T(%d)", value, int(value))
	}
	return names[value]
}

func (c *Checker) number(path string) int64 {
	value, tag := c.lookup(path)
	n := value.Int()
	switch most := tag.Get("max"); {
	case n < 0 && tag.Get("negative") != "":
		return 0
	case n < 0:
		c.Fault(path, ErrNegative)
		return 0
	case n == 0:
		return parse(tag.Get("default"))
	case most != "" && n > parse(most):
		c.Fault(path, fmt.Errorf("is %v, over %s", value, most))
	}
	return n
}

var units = map[string]int64{"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "minutes": int64(time.Minute)}

// parse reads a number or a duration of a tag, zero where there is none.
func parse(text string) int64 {
	digits, name, _ := strings.Cut(text, " ")
	n, err := strconv.ParseInt(digits, 10, 64)
	unit, known := units[name]
	switch d, notDuration := time.ParseDuration(text); {
	case err == nil && known:
		return n * unit
	case notDuration == nil:
		return int64(d)
	case text != "":
		panic("settings: not a number or duration: " + text)
	}
	return 0
}

// AlgorithmNames returns a list of signature algorithms, or the default one where it is empty.
func (c *Checker) AlgorithmNames(path string) []string {
	value, tag := c.lookup(path)
	list, _ := value.Interface().([]string)
	for i, alg := range list {
		if err := jwk.CheckAlgorithm(alg); err != nil {
			c.Fault(fmt.Sprintf("%s[%d]", path, i), err)
		}
	}
	if len(list) == 0 {
		return []string{tag.Get("default")}
	}
	return jwk.Allowed(list)
}

// Texts copies a list of strings, none of which may be blank.
func (c *Checker) Texts(field string, list []string) []string {
	for i, text := range list {
		if err := NotBlank(text); err != nil {
			c.Fault(fmt.Sprintf("%s[%d]", field, i), err)
		}
	}
	return slices.Clone(list)
}

// Blank reports whether there is nothing but white space in s.
func Blank(s string) bool { return strings.TrimSpace(s) == "" }

// NotBlank refuses a blank text.
func NotBlank(text string) error {
	if Blank(text) {
		return errBlank
	}
	return nil
}

// Required returns a string that must not be blank.
func (c *Checker) Required(field, value string) string {
	if Blank(value) {
		c.Fault(field, ErrRequired)
	}
	return value
}

// Secrets copies a list of secrets, each of which must be long enough.
func (c *Checker) Secrets(field string, list [][]byte) [][]byte {
	var secrets [][]byte
	for i, secret := range list {
		c.Secret(fmt.Sprintf("%s[%d]", field, i), secret)
		secrets = append(secrets, slices.Clone(secret))
	}
	return secrets
}

// Secret wants a secret that is long enough.
func (c *Checker) Secret(field string, secret []byte) {
	if len(secret) < minSecretBytes {
		c.Fault(field, errShort)
	}
}

// Port refuses what would panic when it is first called. A port that is not set is accepted.
func (c *Checker) Port(field string, port any) {
	if port != nil && outbound.IsNil(port) {
		c.Fault(field, errNilInside)
	}
}

// ClockOr returns the field Clock, or the system's clock where it is nil.
func (c *Checker) ClockOr(configured, system ports.Clock) ports.Clock {
	switch {
	case configured == nil:
		return system
	case outbound.IsNil(configured):
		c.Fault("Clock", errNilClock)
	}
	return configured
}
