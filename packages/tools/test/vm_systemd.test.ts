import { vmSuite } from "./vm_suite.ts";

vmSuite("systemd-x64");
