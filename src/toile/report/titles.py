"""The titles of pages: the user's question, or one made from the settings."""

from collections.abc import Iterable

from toile.runs import Run
from toile.searches import Search
from toile.statistics import list_names
from toile.studies import Study, short_names


def run_title(run: Run) -> str:
    """The question that a run answers."""
    facts = run.data
    return (
        f"How well does {run.recipe.name} tell the {len(facts.class_names)} classes of "
        f"{facts.name} apart?"
    )


def study_title(study: Study) -> str:
    """The study's question; without one, a question on the settings that it varied."""
    if study.question:
        return study.question
    factors = [*["the recipe"] * bool(study.levels), *_words(study.vary)]
    if study.levels and not study.vary:
        return f"Which has the highest accuracy: {list_names(list(study.levels), 'or')}?"
    if factors:
        return f"How does accuracy depend on {list_names(factors, 'and')}?"
    recipe = study.recipe if isinstance(study.recipe, str) else study.recipe.get("name", "it")
    return f"How accurate is {recipe}?"


def search_title(search: Search) -> str:
    """The search's question; without one, a question on the settings that it searched."""
    factors = list_names(_words(search.over), "and")
    return search.question or f"Which {factors} give the highest accuracy?"


def _words(addresses: Iterable[str]) -> list[str]:
    return [name.replace("_", " ") for name in short_names(list(addresses)).values()]
