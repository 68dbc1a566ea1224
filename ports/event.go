package ports

// A KeyEvent tells the operator what happened to an issuer's keys. It is for logs and counters; nothing in it comes
// from a token.
type KeyEvent struct {
	Kind   KeyEventKind
	Issuer string
	// KeyID is the kid of the key that a [KeySkipped] event is about, quoted and cut short where it is odd.
	KeyID string
	// Err is why, where something failed or was refused.
	Err error
}

// KeyEventKind says what happened.
type KeyEventKind string

const (
	// KeysFetched: the issuer's metadata and keys were fetched and taken into use.
	KeysFetched KeyEventKind = "keys_fetched"
	// KeysFromCache: the issuer's metadata and keys were taken from the shared cache.
	KeysFromCache KeyEventKind = "keys_from_cache"
	// KeysRefused: a fetch failed, or what it brought was refused. Keys that are known keep serving.
	KeysRefused KeyEventKind = "keys_refused"
	// KeysServedStale: keys past their soft TTL are in use, since the issuer was asked and failed or gives no answer.
	// Told once a fetch.
	KeysServedStale KeyEventKind = "keys_served_stale"
	// KeySkipped: one key of a set can't be used; the others serve.
	KeySkipped KeyEventKind = "key_skipped"
	// KeyRefreshForced: an unknown key ID made the issuer be asked ahead of time. Until the cooldown ends,
	// unknown key IDs are answered from memory. Told when the fetch has ended, before its result.
	KeyRefreshForced KeyEventKind = "key_refresh_forced"
	// CacheRefused: an entry of the shared cache was malformed, of another version or issuer, too large, too
	// old, or not authentic. It counts as a miss.
	CacheRefused KeyEventKind = "cache_refused"
	// CacheFailed: the shared cache returned an error or did not answer in time. It costs a fetch.
	CacheFailed KeyEventKind = "cache_failed"
)
