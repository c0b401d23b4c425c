from toile.recipe import Recipe, align_networks, plan_network


def planned(**settings):
    recipe = Recipe.preset("s1-lab").replace({f"network.{k}": v for k, v in settings.items()})
    return plan_network(recipe.network, (1, 28, 28), 10)


def names(pairs):
    return [(p.first and p.first.name, p.second and p.second.name, p.is_alike) for p in pairs]


def test_a_layer_of_one_network_alone_stands_beside_none_and_the_others_are_paired():
    pairs = align_networks(planned(), planned(relu2="off"))
    assert names(pairs)[4:] == [
        ("dense1", "dense1", True),
        ("relu2", None, False),
        ("dense2", "dense2", True),
    ]


def test_layers_of_one_kind_tell_in_which_settings_they_differ():
    (first, *rest) = align_networks(planned(), planned(**{"conv1.filters": 8, "conv1.kernel": 5}))
    assert (first.is_alike, first.differing) == (False, ("filters", "kernel"))
    assert all(pair.is_alike for pair in rest)
