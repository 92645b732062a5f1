// Unpacks the Chromium inside @sparticuz/chromium into TMPDIR, where it is not there yet, and prints its path.
import chromium from '@sparticuz/chromium';

process.stdout.write(await chromium.executablePath());
