// Writes a table as parquet: node make_parquet.mjs FILE
import { writeFileSync } from "node:fs";
import { parquetWriteBuffer } from "hyparquet-writer";

const rows = Array.from({ length: 5000 }, (_, i) => i);
const buffer = parquetWriteBuffer({
  columnData: [
    { name: "id", data: rows.map((i) => BigInt(i)), type: "INT64" },
    { name: "label", data: rows.map((i) => ["wave", "ring", "spot"][i % 3]), type: "STRING" },
    { name: "weight", data: rows.map((i) => Math.sin(i / 50)), type: "DOUBLE" },
    { name: "checked", data: rows.map((i) => i % 7 === 0), type: "BOOLEAN" },
  ],
  rowGroupSize: 2000,
});
writeFileSync(process.argv[2], Buffer.from(buffer));
