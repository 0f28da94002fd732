# PyTorch and torchvision with two workers read an ImageFolder and MNIST's files through /datastores
# with the same results as from plain folders; arguments in Hydra's style pass unchanged.
# Slow: PyTorch takes seconds to load.
. "$(dirname "$0")/lib.sh"
PATH=/usr/bin:$PATH  # only Debian's Python has Debian's PyTorch
python3 -c 'import torch, torchvision' 2>/dev/null ||
  skip "there is no PyTorch here: apt-get install python3-torch python3-torchvision"
cat >make.py <<'END'
import os, random, struct
from PIL import Image
random.seed(7)
for label in "cat", "dog", "owl":
    os.makedirs(f"pets/{label}")
    for i in range(40):
        Image.frombytes("RGB", (40, 30), random.randbytes(3600)).save(f"pets/{label}/{i}.jpg")
os.makedirs("digits/MNIST/raw")
for part, count in ("train", 300), ("t10k", 50):
    for name, head, size in (("images-idx3", struct.pack(">IIII", 0x803, count, 28, 28), 784 * count),
                             ("labels-idx1", struct.pack(">II", 0x801, count), count)):
        data = bytes(random.randrange(10) for _ in range(size))
        open(f"digits/MNIST/raw/{part}-{name}-ubyte", "wb").write(head + data)
END
cat >train.py <<'END'
import sys, torch, torchvision
from torchvision import transforms
from torch.utils.data import DataLoader

arguments = dict(a.lstrip("+").split("=", 1) for a in sys.argv[1:] if "=" in a)
torch.manual_seed(1)
torch.set_num_threads(1)
pets = torchvision.datasets.ImageFolder(arguments["data.images"], transforms.ToTensor())
digits = torchvision.datasets.MNIST(arguments["data.digits"], download=False, transform=transforms.ToTensor())
for data in pets, digits:
    model = torch.nn.Linear(data[0][0].numel(), 10)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for epoch in range(2):
        for images, labels in DataLoader(data, batch_size=16, shuffle=True, num_workers=2):
            loss = torch.nn.functional.cross_entropy(model(images.flatten(1)), labels)
            optimizer.zero_grad(); loss.backward(); optimizer.step()
        print(len(data), f"{loss.item():.6f}")
print([a for a in sys.argv[1:] if not a.startswith("data.")])
END
python3 make.py
grid datastore create pets -q >out && grid datastore create digits -q >out
needs_run
set -- "+trainer.callbacks=[early,late]" "~optimizer" "model.layers={a:1,b:2}" "x=[]" "hydra.run.dir=./out"
python3 train.py data.images=pets data.digits=digits "$@" >expected
equal "$(grep -c '^120 \|^300 ' expected)" 4
grid run -q train.py data.images=/datastores/pets/1 data.digits=/datastores/digits "$@" >got
cmp expected got
as_user "$GRID" run -q train.py data.images=grid:pets:1 data.digits=grid:digits "$@" >got
cmp expected got
