# A real script on real images with Pillow and several processes; it does not know of grid.
. "$(dirname "$0")/lib.sh"
PATH=/usr/bin:$PATH  # only Debian's Python has Debian's Pillow
python3 -c 'import PIL' 2>/dev/null || skip "there is no Pillow here"
cat >draw.py <<'END'
import os, random
from PIL import Image
random.seed(7)
for label in "cat", "dog":
    os.makedirs(f"pets/{label}")
    for i in range(30):
        size = random.randint(20, 200), random.randint(20, 200)
        Image.frombytes("RGB", size, random.randbytes(size[0] * size[1] * 3)).save(f"pets/{label}/{i}.png")
END
cat >mean.py <<'END'
import argparse, glob, multiprocessing
from PIL import Image, ImageStat

def mean(path):
    with Image.open(path) as image:
        image.load()
        return image.size, ImageStat.Stat(image).mean

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--data_dir", required=True)
    paths = sorted(glob.glob(parser.parse_args().data_dir + "/*/*.png"))
    with multiprocessing.Pool(2) as pool:
        for path, found in zip(paths, pool.map(mean, paths)):
            print("/".join(path.split("/")[-2:]), found)
END
python3 draw.py && grid datastore create pets -q >out
needs_run
python3 mean.py --data_dir pets >expected
equal "$(wc -l <expected)" 60
for written in /datastores/pets/1 /datastores/pets grid:pets:1 grid:pets; do
  grid run -q mean.py --data_dir "$written" >got
  cmp expected got
done
grid run -q mean.py --data_dir=grid:pets >got && cmp expected got
# As an ordinary user with a store of their own.
needs_run as_user
as_user "$GRID" run -q mean.py --data_dir /datastores/pets/1 >got && cmp expected got
