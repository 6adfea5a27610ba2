"""Maps the folder `rules/` to the package `netlint.rules`: a new chapter or rule needs no edit here. The rest is in pyproject.toml."""

from setuptools import find_packages, setup

setup(
    packages=[
        *find_packages(include=["netlint", "netlint.*"]),
        "netlint.rules",
        *(f"netlint.rules.{chapter}" for chapter in find_packages("rules")),
    ],
    package_dir={"netlint": "netlint", "netlint.rules": "rules"},
)
