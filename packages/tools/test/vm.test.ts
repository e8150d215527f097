import { vmSuite } from "./vm_suite.ts";

vmSuite("cgroup2-x64");
