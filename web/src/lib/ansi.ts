// Text with the colours that terminals know (ECMA-48), as stretches of one look each. What a
// terminal would do besides, such as moving the cursor, is left out.
export interface Stretch { text: string; look: string }

const names = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

export class AnsiReader {
  private colour = "";
  private bold = false;
  private faint = false;

  private get look(): string {
    return [this.colour, this.bold ? "bold" : "", this.faint ? "dim" : ""].filter(Boolean).join(" ");
  }

  // The stretches of a line. The look at its end goes on in the next one.
  read(line: string): Stretch[] {
    const stretches: Stretch[] = [];
    let at = 0;
    // eslint-disable-next-line no-control-regex
    for (const found of line.matchAll(/\u001b\[([0-9;:?]*)([@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[@-Z\\-_]/g)) {
      if (found.index > at) stretches.push({ text: line.slice(at, found.index), look: this.look });
      at = found.index + found[0].length;
      if (found[2] === "m") this.set(found[1] ?? "");
    }
    if (at < line.length) stretches.push({ text: line.slice(at), look: this.look });
    return stretches;
  }

  private set(codes: string): void {
    const numbers = codes.split(/[;:]/).map(Number);
    for (let i = 0; i < numbers.length; ++i) {
      const code = numbers[i]!;
      if (code === 0) {
        this.colour = "";
        this.bold = this.faint = false;
      } else if (code === 1) this.bold = true;
      else if (code === 2) this.faint = true;
      else if (code === 22) this.bold = this.faint = false;
      else if (code >= 30 && code <= 37) this.colour = names[code - 30]!;
      else if (code >= 90 && code <= 97) this.colour = names[code - 90]!;
      else if (code === 39) this.colour = "";
      else if (code === 38 || code === 48) {
        const isIndex = numbers[i + 1] === 5;
        if (code === 38 && isIndex && numbers[i + 2]! < 16) this.colour = names[numbers[i + 2]! % 8]!;
        i += isIndex ? 2 : 4;
      }
    }
  }
}
