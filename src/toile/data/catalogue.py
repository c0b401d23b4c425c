"""The datasets known by name: what each holds, where it can be had, and how it is recognised."""

from dataclasses import dataclass

IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@dataclass(frozen=True)
class Known:
    """A dataset known by name. `sha256` is of the four decompressed files, as in `IDX_FILES`.

    Distributors compress the files again, so a hash of the .gz would refuse good copies.
    """

    name: str
    class_names: tuple[str, ...]
    num_images: tuple[int, int]
    download_bytes: int
    licence: str
    release: str
    fingerprint: str
    sha256: tuple[str, str, str, str]
    mirrors: tuple[str, ...] = ()
    debian_package: str | None = None
    is_synthetic: bool = False
    """Whether it is made on this machine, from a seed."""
    shape: tuple[int, int, int] = (1, 28, 28)


GARMENTS = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

KNOWN = {
    known.name: known
    for known in (
        Known(
            name="fashion-mnist",
            class_names=GARMENTS,
            num_images=(60_000, 10_000),
            download_bytes=30_878_645,
            licence="MIT, Zalando SE",
            release="Fashion-MNIST, IDX release of 2017-08",
            fingerprint="4f06955f400a2d28f40d6e47b3924ec49811e373403bcb7b524937bc669eefb8",
            sha256=(
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            ),
            mirrors=(
                # S3's website addresses answer no https; the hashes check what is downloaded.
                "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            ),
            debian_package="dataset-fashion-mnist",
        ),
        Known(
            name="mnist",
            class_names=tuple("0123456789"),
            num_images=(60_000, 10_000),
            download_bytes=11_594_722,
            licence="CC BY-SA 3.0, Y. LeCun, C. Cortes and C. Burges",
            release="MNIST, IDX release",
            fingerprint="6f1ea46a562be490ee4aa0888e7f729f3f28a1c28663a6793d219dbf5656be1f",
            sha256=(
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ),
            mirrors=(
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
            ),
        ),
        Known(
            name="synthetic-digits",
            class_names=tuple("0123456789"),
            num_images=(20_000, 4_000),
            download_bytes=0,
            licence="MIT; glyphs of the DejaVu fonts, Bitstream Vera licence",
            release="Toile's synthetic digits, twelve type styles, seed 2026",
            fingerprint="61f20d378afa4d4a2ad06d9a86d4ff23a9e3344dc4bca8d316fd9a9b3b8bbb56",
            sha256=(
                "3277b507b2f922bc2a73618cc9e95af8130fbc92aa8db5d70591c7c620135700",
                "a08ec8612f1e9754131045a4b360f271068042c79bc9d0fe801ac8eebdc3b1bc",
                "1e6f8f02c159b35b9adc63fab0a0c73022870a9dc7314c9128481323485f0456",
                "5dbd7686910cb66a8a6303f16940c2fae43896243c187897cd3976aab00f4817",
            ),
            is_synthetic=True,
        ),
        Known(
            name="fashion-sample",
            class_names=GARMENTS,
            num_images=(6_000, 1_000),
            download_bytes=0,
            licence="MIT, Zalando SE",
            release="Toile's sample of Fashion-MNIST, 600 + 100 images of each class",
            fingerprint="5cd9f804952c840c7715c45f4d722dfa7ab2cb56c7af7de02416affdd915b106",
            sha256=(
                "cf313073c7eb485392848071d5c433571d7166043e971e3345b095cc30518084",
                "097b93fbcf9bd5bc648b1a457ddc55c9e4ab49afb33f9ecae8ce068399a75e3a",
                "7cee33c3c6414b1b86c25e665a6c4f41584269de3b7cc9768b1d351922845eef",
                "3128d790775889812b73c4f13923559c8b9e281d112c6ea7862acf60a206a909",
            ),
        ),
    )
}


def known_shape(name: str) -> tuple[tuple[int, int, int], int] | None:
    """Image shape (c, h, w) and number of classes of a known dataset, else None; loads nothing."""
    known = KNOWN.get(name)
    return (known.shape, len(known.class_names)) if known else None


def release_of(fingerprint: str) -> Known | None:
    """The known dataset with this fingerprint."""
    return next((known for known in KNOWN.values() if known.fingerprint == fingerprint), None)
