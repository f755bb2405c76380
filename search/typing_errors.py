"""The words one typing error away from a word: the errors of Damerau, CACM 7, 1964."""

_ALPHABET = "abcdefghijklmnopqrstuvwxyz"


def other_letters(word: str) -> set[str]:
    """Words one letter away: left out, put in, or taken for another."""
    halves = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    return (
        {left + right[1:] for left, right in halves if right}
        | {left + letter + right[1:] for left, right in halves if right for letter in _ALPHABET}
        | {left + letter + right for left, right in halves for letter in _ALPHABET}
    )


def swapped_letters(word: str) -> set[str]:
    """Words in which two neighbouring letters changed places."""
    return {word[:n] + word[n + 1] + word[n] + word[n + 2 :] for n in range(len(word) - 1)}
