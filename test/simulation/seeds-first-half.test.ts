import { testHalf } from "./seeds.ts";

testHalf(1, 1_000);
