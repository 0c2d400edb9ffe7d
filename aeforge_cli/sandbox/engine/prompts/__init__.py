"""What a prompt asks for: known words in a known order, and refusal of everything else."""

from aeforge_cli.sandbox.engine.prompts.grammar import ABILITIES, parse

__all__ = ["ABILITIES", "parse"]
