"""The recipe: everything that decides a run, in one frozen model that reads and writes YAML.

`plan_network` turns it into shapes, parameters and multiply-adds: integers, no torch.
"""

from toile.recipe import layers, optimizers, schedules
from toile.recipe.address import parse_assignments, value_at, with_settings
from toile.recipe.alignment import LayerPair, align_networks
from toile.recipe.arithmetic import LayerContext, layer_arithmetic, padded_side, shape_text
from toile.recipe.augmentation import Augmentation, refuse_blank_pictures
from toile.recipe.complaint import first_fault, settings_of
from toile.recipe.data import Data
from toile.recipe.difference import (
    SettingDifference,
    differing_parts,
    differing_settings,
    recipe_differences,
    settings_by_address,
)
from toile.recipe.document import read_text, recipe_name, yaml_text
from toile.recipe.form import FormRow, setting_text, settings_form
from toile.recipe.mending import Mend, mends
from toile.recipe.partial import PartialPlan, plan_as_far
from toile.recipe.plan import LayerPlan, Plan, plan_network
from toile.recipe.presets import list_presets, read_recipe
from toile.recipe.recipe import (
    NO_SETTINGS,
    About,
    Recipe,
    addressed,
    data_of,
    read_recipe_text,
    recipe_of,
    recipe_text,
)
from toile.recipe.schedules import Schedule
from toile.recipe.settings import RootSettings, Settings
from toile.recipe.steps import enough_epochs, enough_training, few_steps_note, steps_per_epoch
from toile.recipe.table import KindRow, SettingRow, layer_kinds, settings_table
from toile.recipe.training import CutChannels, EarlyStopping, Extension, Start, Training
from toile.recipe.yaml_loader import name_items, read_value

__all__ = [
    "NO_SETTINGS",
    "About",
    "Augmentation",
    "CutChannels",
    "Data",
    "EarlyStopping",
    "Extension",
    "FormRow",
    "KindRow",
    "LayerContext",
    "LayerPair",
    "LayerPlan",
    "Mend",
    "PartialPlan",
    "Plan",
    "Recipe",
    "RootSettings",
    "Schedule",
    "SettingDifference",
    "SettingRow",
    "Settings",
    "Start",
    "Training",
    "addressed",
    "align_networks",
    "data_of",
    "differing_parts",
    "differing_settings",
    "enough_epochs",
    "enough_training",
    "few_steps_note",
    "first_fault",
    "layer_arithmetic",
    "layer_kinds",
    "layers",
    "list_presets",
    "mends",
    "name_items",
    "optimizers",
    "padded_side",
    "parse_assignments",
    "plan_as_far",
    "plan_network",
    "read_recipe",
    "read_recipe_text",
    "read_text",
    "read_value",
    "recipe_differences",
    "recipe_name",
    "recipe_of",
    "recipe_text",
    "refuse_blank_pictures",
    "schedules",
    "setting_text",
    "settings_by_address",
    "settings_form",
    "settings_of",
    "settings_table",
    "shape_text",
    "steps_per_epoch",
    "value_at",
    "with_settings",
    "yaml_text",
]
