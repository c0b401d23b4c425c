"""Sentences on an imported network, the same on a terminal and on a page."""

from toile.runs import seen_words
from toile.workbench.importing import ImportedNetwork


def import_sentences(imported: ImportedNetwork) -> list[str]:
    """Notes, the ways tried and the one chosen, the proof, the score, and its warning."""
    score, proof = imported.run.score, imported.proof
    sentences = [f"note: {note}" for note in imported.notes]
    sentences.append(f"tried on the half of validation that chooses: {imported.sentence}")
    sentences.append(f"chosen: {imported.chosen.words}")
    if proof is not None:
        sentences.append(
            f"the same outputs as {proof.runtime} on {proof.n} pictures, within {proof.largest:.1g}"
        )
    else:
        sentences.append("not compared with its own software, which is not used here")
    value, low, high = (100 * bound for bound in (score.value, score.low, score.high))
    sentences.append(
        f"accuracy {value:.2f} % ({low:.2f} to {high:.2f}, n = {score.n}) on {score.n:,} images, "
        f"{score.of}"
    )
    sentences.append(f"warning: {seen_words(imported.run.recipe)}")
    return sentences
