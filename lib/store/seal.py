"""Names and encryption for what lies in a shared store, both made from the token that the client holds.

Without the token, the store gives away how many values there are, how long they are, when they were written and when
they expire; not whose they are, nor what they say. The construction:

- The name is SHA-256 over a context string and the token.
- The key is HKDF-SHA256 (RFC 5869) of the token, under a context of its own: name and key come from different
  functions, so knowing the name is no help with the key. A token is a signed JWT: its signature alone holds more than
  128 bits that nobody can guess, so there is nothing for a slow, password-style derivation to protect. HKDF is made
  for such a secret, which is long enough but not evenly random.
- The value is encrypted with XChaCha20-Poly1305 (PyNaCl, that is libsodium). Its nonces of 24 bytes can be drawn at
  random without ever meeting twice, so instances need not agree on a counter. The version byte and the name are
  authenticated with it: a value moved to another name does not open.

What is sealed: version byte, 24 bytes of nonce, ciphertext with its 16-byte tag. Somebody who can write to the store
can still delete a value, or put back an older one of the same name.
"""

import hashlib

_VERSION = b"\x01"
_NAME_CONTEXT = b"glm-functions token store, name, 1\x00"
_TURN_CONTEXT = b"glm-functions token store, turn, 1\x00"
_KEY_CONTEXT = b"glm-functions token store, key, 1"
_NONCE_SIZE = 24
_TAG_SIZE = 16


def name_of(token: str) -> str:
    """The name under which a store keeps what belongs to `token`: 64 hexadecimal digits that do not lead back to it."""
    return hashlib.sha256(_NAME_CONTEXT + token.encode()).hexdigest()


def turn_name(account: str) -> str:
    """The name of the lease for whose turn it is on `account`, as `Upstream.account` names it: 64 hexadecimal digits.

    An account id holds less that cannot be guessed than a token does: whoever reads the store and guesses an id can
    see whether an answer is being written for it, and no more.
    """
    return hashlib.sha256(_TURN_CONTEXT + account.encode(errors="replace")).hexdigest()


class Sealer:
    """Encrypts and opens the values that belong to one token. Importing `nacl` waits until the first one is made."""

    def __init__(self, token: str) -> None:
        import hmac

        from nacl.secret import Aead

        # HKDF: extract with the context as salt, then expand to one block, which is the 32 bytes of the key.
        extracted = hmac.digest(_KEY_CONTEXT, token.encode(), "sha256")
        self._box = Aead(hmac.digest(extracted, _KEY_CONTEXT + b"\x01", "sha256"))
        self._bound = _VERSION + name_of(token).encode()

    def seal(self, value: bytes) -> bytes:
        """`value` encrypted; another text each time."""
        return _VERSION + self._box.encrypt(value, self._bound)

    def open(self, sealed: bytes) -> bytes | None:
        """What `seal` was given, or None for anything that is not, to the byte, what a sealer of this token made."""
        from nacl.exceptions import CryptoError

        if len(sealed) < len(_VERSION) + _NONCE_SIZE + _TAG_SIZE or not sealed.startswith(_VERSION):
            return None
        try:
            return self._box.decrypt(sealed[len(_VERSION) :], self._bound)
        except CryptoError:
            return None
