import { testHalf } from "./seeds.ts";

testHalf(1_001, 1_000);
