import { serve } from "lessee";
import handle, { shapes } from "./handler.mjs";

serve(handle, shapes);
