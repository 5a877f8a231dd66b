import { sendThousands } from './requests.js';

sendThousands('express');
